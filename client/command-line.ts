/**
 * The command line, `lytics-responsys`: reads a command, runs it, says what went wrong in the reader's words.
 */
import { Command, CommanderError } from 'commander';
import { ExpectedError, errorKinds } from '../jobs/errors.ts';
import { addAccountCommands } from './commands/accounts.ts';
import { addAudienceCommands } from './commands/audiences.ts';
import { addAuthorizationCommands } from './commands/authorizations.ts';
import { addJobCommands } from './commands/jobs.ts';
import { addMappingCommands } from './commands/mappings.ts';
import { addProfileCommands } from './commands/profiles.ts';
import { addEventAccountCommand } from './commands/event-accounts.ts';

const program = new Command('lytics-responsys')
  .description('The integration between Lytics and Oracle Responsys.')
  .exitOverride()
  .showHelpAfterError('(--help shows what is possible)')
  .configureHelp({ sortSubcommands: false });
addAuthorizationCommands(program);
addAccountCommands(program);
addAudienceCommands(program);
addJobCommands(program);
addEventAccountCommand(program);
addMappingCommands(program);
addProfileCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** @returns the exit code: 0 help, 2 usage, others by the table of errors, 1 a fault of this program */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : errorKinds.USAGE.exit;
  if (error instanceof ExpectedError) {
    process.stderr.write(`${error.code}  ${error.message}\n`);
    return errorKinds[error.code].exit;
  }
  // Ctrl-C at a prompt is the reader's wish, not a fault.
  if (error instanceof Error && error.name === 'ExitPromptError') return 130;
  process.stderr.write(
    `An unexpected fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
}
