/**
 * `jobs retry`: rejected members of an export, or files of an import, again.
 */
import type { Command } from 'commander';
import { runs } from '../command.ts';
import { kindNamed } from '../kinds/table.ts';

export function addRetryCommand(jobs: Command): void {
  runs<{ reason?: string; file?: string }>(
    jobs
      .command('retry')
      .argument('<job>')
      .option('--reason <code>', 'only those rejected for this reason; "jobs failures" lists them')
      .option('--file <name>', 'of an import: this file alone')
      .description('send rejected members again; of an import, take files that failed again'),
    async ({ context, output, options: { reason, file } }, name = '') =>
      (await kindNamed(await context.store(), name)).retry(context, output, name, { reason, file }),
  );
}
