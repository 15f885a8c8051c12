/**
 * `jobs` by their files: `plan` says what a file would do.
 */
import type { Command } from 'commander';
import { ExpectedError } from '../../jobs/errors.ts';
import { runs } from '../command.ts';
import { readJobFile } from '../job-file.ts';
import { planJob } from '../jobs/plan.ts';
import type { JobPlan } from '../jobs/plan.ts';
import { showPlan } from '../jobs/show-plan.ts';

/** @param jobs the command `jobs` */
export function addJobFileCommands(jobs: Command): void {
  runs(
    jobs
      .command('plan')
      .argument('<file>', 'the job’s YAML file')
      .description('what a job would do: checks, tables, requests, first bodies; sends nothing'),
    async ({ context, output }, file = '') => {
      const configuration = await readJobFile(file);
      const planned = await planJob(context, configuration);
      showPlan(output, configuration, planned);
      throwFaults(planned);
    },
  );
}

/** @throws ExpectedError CONFIGURATION_REFUSED */
function throwFaults({ faults }: JobPlan): void {
  if (faults.length > 0)
    throw new ExpectedError('CONFIGURATION_REFUSED', faults.map((fault) => `${fault}.`).join('\n'));
}
