/**
 * `jobs` by their files: `create` asks for one and writes it, `plan` says what it would do, `apply` makes the
 * job as it says.
 */
import { confirm } from '@inquirer/prompts';
import type { Command } from 'commander';
import { ExpectedError } from '../../jobs/errors.ts';
import { exportAudienceSchema } from '../../jobs/export-audience.ts';
import { atTerminal } from '../authorizations/prompts.ts';
import { runs } from '../command.ts';
import { readJobFile } from '../job-file.ts';
import type { Difference } from '../../jobs/reconfiguration.ts';
import { applyJob } from '../jobs/apply.ts';
import type { Applied } from '../jobs/apply.ts';
import { askForJob } from '../jobs/create.ts';
import { planJob, refuseFaults } from '../jobs/plan.ts';
import { showDifferences } from '../jobs/show-difference.ts';
import { showPlan } from '../jobs/show-plan.ts';
import { writeJobFile } from '../jobs/write-file.ts';
import type { Output } from '../output.ts';

/** @param jobs the command `jobs` */
export function addJobFileCommands(jobs: Command): void {
  runs<{ file?: string }>(
    jobs
      .command('create')
      .option('--file <file>', 'where to write the job’s YAML file; else it is asked')
      .description('asks for a job step by step, shows its plan, and writes its file'),
    async ({ context, output, options }) => {
      atTerminal('write the job’s file by hand, and try it with "jobs plan FILE"');
      const answers = await askForJob(context);
      const configuration = exportAudienceSchema.parse(answers);
      const planned = await planJob(context, configuration);
      showPlan(output, configuration, planned);
      const path = await writeJobFile(answers, configuration.label, options.file);
      if (path === undefined) return;
      output.line(`Written to ${path}.`);
      refuseFaults(planned.faults);
      if (await confirm({ message: 'Start the job?', default: true }))
        showApplied(output, await applyJob(context, configuration, () => Promise.resolve(false)));
      else output.line(`Start it with: lytics-responsys jobs apply ${path}`);
    },
  );

  runs(
    jobs
      .command('plan')
      .argument('<file>', 'the job’s YAML file')
      .description('what a job would do: checks, tables, requests, first bodies; sends nothing'),
    async ({ context, output }, file = '') => {
      const configuration = await readJobFile(file);
      const planned = await planJob(context, configuration);
      showPlan(output, configuration, planned);
      refuseFaults(planned.faults);
    },
  );

  runs<{ yes?: boolean }>(
    jobs
      .command('apply')
      .argument('<file>', 'the job’s YAML file; its label says which job')
      .option('--yes', 'change a job that is there without asking')
      .description('start the job, or change the one of this label; the same file again changes nothing'),
    async ({ context, output, options }, file = '') => {
      const configuration = await readJobFile(file);
      const applied = await applyJob(context, configuration, (differences) =>
        agree(output, differences, options.yes === true),
      );
      showApplied(output, applied);
    },
  );
}

/** @throws ExpectedError USAGE where there is nobody to ask */
async function agree(output: Output, differences: readonly Difference[], yes: boolean): Promise<boolean> {
  showDifferences(output, differences);
  if (yes) return true;
  if (!process.stdin.isTTY)
    throw new ExpectedError('USAGE', 'There is no terminal to ask at: say --yes to change the job.');
  return confirm({ message: 'Change the job?', default: false });
}

function showApplied(output: Output, { outcome, job, differences }: Applied): void {
  const warnings = job.plan?.warnings ?? [];
  output.result({ outcome, id: job.id, label: job.label, state: job.state, differences, warnings });
  const said: Readonly<Record<Applied['outcome'], string>> = {
    started: `Started ${job.label} as ${job.id}.`,
    'started-again': `Started ${job.label} again, as ${job.id} as before.`,
    changed: `Changed ${job.label} (${job.id}); it is ${job.state}.`,
    unchanged: `${job.label} (${job.id}) is unchanged; it is ${job.state}.`,
  };
  output.line(said[outcome]);
  if (outcome === 'started') for (const warning of warnings) output.line(`Note: ${warning}`);
}
