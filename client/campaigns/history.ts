/** `jobs history` of a campaign job: a person's stays, and the mail of each. */
import { readMailsOf } from '../../systems/store/campaign-counts.ts';
import { findCampaignJob } from '../../systems/store/campaign-jobs.ts';
import type { Context } from '../context.ts';
import type { Output } from '../output.ts';
import { fatesInWords } from './fates.ts';

export async function showMailHistory(
  context: Context,
  output: Output,
  name: string,
  profileId: string,
): Promise<void> {
  const store = await context.store();
  const mails = await readMailsOf(store, (await findCampaignJob(store, name)).id, profileId);
  output.result({ profileId, mails });
  output.line(`profile ${profileId}`);
  output.table(
    ['heard of', 'fate', 'triggered', 'RIID', 'event files say', 'reason'],
    mails.map(({ heardAt, fate, claimedAt, riid, outcome, words, code }) => [
      heardAt.toISOString(),
      fatesInWords[fate],
      claimedAt.map((at) => at.toISOString()).join(', ') || '–',
      riid ?? '–',
      outcome ?? '–',
      words ?? code ?? '',
    ]),
  );
}
