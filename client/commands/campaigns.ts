/**
 * What `jobs` has for campaign jobs alone: what became of their mails, and those of unknown fate once more.
 */
import type { Command } from 'commander';
import { findCampaignJob } from '../../systems/store/campaign-jobs.ts';
import { readOutcomeCells } from '../../systems/store/campaign-cells.ts';
import { outcomesOf, showOutcomes } from '../campaigns/outcomes.ts';
import { sendUnknown } from '../campaigns/send-unknown.ts';
import { runs } from '../command.ts';
import { refuseLacking } from '../kinds/lacking.ts';

/** @param jobs the command `jobs` */
export function addCampaignCommands(jobs: Command): void {
  runs(
    jobs
      .command('outcomes')
      .argument('<job>')
      .description('campaigns: what became of everybody who entered, and of every mail'),
    async ({ context, output }, name = '') => {
      const store = await context.store();
      await refuseLacking(store, 'outcomes', name);
      const job = await findCampaignJob(store, name);
      showOutcomes(output, job, outcomesOf(await readOutcomeCells(store, job.id)));
    },
  );

  runs<{ yes?: boolean }>(
    jobs
      .command('send-unknown')
      .argument('<job>')
      .option('--yes', 'without asking: it is known that people may get a second mail')
      .description(
        'campaigns: trigger mails of unknown fate again, after saying how many may be second ones',
      ),
    async ({ context, output, options }, name = '') =>
      sendUnknown(context, output, name, options.yes === true),
  );
}
