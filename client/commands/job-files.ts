/**
 * `jobs` by their files: `create` asks for one and writes it, `plan` says what it would do, `apply` makes the
 * job as it says.
 */
import { confirm, select } from '@inquirer/prompts';
import type { Command } from 'commander';
import { ExpectedError } from '../../jobs/errors.ts';
import { atTerminal } from '../authorizations/prompts.ts';
import { runs } from '../command.ts';
import { jobKinds, readJobFile } from '../kinds/table.ts';
import { refuseFaults } from '../kinds/account-checks.ts';
import { writeJobFile } from '../jobs/write-file.ts';

/** @param jobs the command `jobs` */
export function addJobFileCommands(jobs: Command): void {
  runs<{ file?: string }>(
    jobs
      .command('create')
      .option('--file <file>', 'where to write the job’s YAML file; else it is asked')
      .description('asks for a job step by step, shows its plan, and writes its file'),
    async ({ context, output, options }) => {
      atTerminal('write the job’s file by hand, and try it with "jobs plan FILE"');
      const kind = await select({
        message: 'Job type',
        choices: Array.from(jobKinds.values(), (value) => ({ value, name: value.title })),
      });
      const answers = await kind.ask(context);
      const job = await kind.read(options.file ?? 'the answers', answers);
      const faults = await job.plan(context, output);
      const path = await writeJobFile(answers, job.label, options.file);
      if (path === undefined) return;
      output.line(`Written to ${path}.`);
      refuseFaults(faults);
      if (await confirm({ message: 'Start the job?', default: true }))
        await job.apply(context, output, () => Promise.resolve(false));
      else output.line(`Start it with: lytics-responsys jobs apply ${path}`);
    },
  );

  runs(
    jobs
      .command('plan')
      .argument('<file>', 'the job’s YAML file')
      .description('checks a job for real and says what it would do; sends and imports nothing'),
    async ({ context, output }, file = '') => {
      const job = await readJobFile(file);
      refuseFaults(await job.plan(context, output));
    },
  );

  runs<{ yes?: boolean }>(
    jobs
      .command('apply')
      .argument('<file>', 'the job’s YAML file; its label says which job')
      .option('--yes', 'change a job that is there without asking')
      .description('start the job, or change the one of this label; the same file again changes nothing'),
    async ({ context, output, options }, file = '') => {
      const job = await readJobFile(file);
      await job.apply(context, output, () => agree(options.yes === true));
    },
  );
}

/** @throws ExpectedError USAGE where there is nobody to ask */
async function agree(yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY)
    throw new ExpectedError('USAGE', 'There is no terminal to ask at: say --yes to change the job.');
  return confirm({ message: 'Change the job?', default: false });
}
