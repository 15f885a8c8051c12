/**
 * `jobs send-unknown`: mails of unknown fate once more. Whether the first went out nobody knows, so that a
 * person has to agree to it, knowing how many people may get a second one.
 */
import { confirm } from '@inquirer/prompts';
import { sendUnknownUpdate } from '../../jobs/campaign-messages.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import { exportCampaignWorkflowId } from '../../jobs/job-id.ts';
import { findCampaignJob } from '../../systems/store/campaign-jobs.ts';
import { countUnknown } from '../../systems/store/campaign-walks.ts';
import type { Context } from '../context.ts';
import { refuseLacking } from '../kinds/lacking.ts';
import { telling } from '../jobs/telling.ts';
import type { Output } from '../output.ts';

/** @param yes whether a person has agreed already */
export async function sendUnknown(
  context: Context,
  output: Output,
  name: string,
  yes: boolean,
): Promise<void> {
  const store = await context.store();
  await refuseLacking(store, 'send-unknown', name);
  const job = await findCampaignJob(store, name);
  const people = await countUnknown(store, job.id);
  if (people === 0) {
    output.result({ job: job.id, people });
    output.line(`${job.label}: no member's mail is of unknown fate.`);
    return;
  }
  const risk = `${people.toLocaleString('en')} people may get a second mail of ${job.configuration.campaign}`;
  if (!yes && !process.stdin.isTTY)
    throw new ExpectedError('USAGE', `${risk}: there is no terminal to ask at; say --yes where that may be.`);
  output.line(`${risk}: whether the first one went out is not known. Event files may still tell.`);
  if (!yes && !(await confirm({ message: 'Mail them?', default: false }))) return;
  const handle = (await context.temporal()).workflow.getHandle(exportCampaignWorkflowId(job.id));
  const status = await telling(handle, job, () => handle.executeUpdate(sendUnknownUpdate));
  output.result({ job: job.id, people, ...status });
  output.line(`${job.label}: ${people.toLocaleString('en')} mails of unknown fate are triggered again.`);
}
