/**
 * `jobs failures` of a campaign job: rejected members by reason, in Responsys' words.
 */
import { groupMailFailures } from '../../systems/store/campaign-counts.ts';
import { findCampaignJob } from '../../systems/store/campaign-jobs.ts';
import { readFailedMails } from '../../systems/store/campaign-cells.ts';
import type { FailedMail } from '../../systems/store/campaign-cells.ts';
import type { Context } from '../context.ts';
import { writeCsv } from '../csv-file.ts';
import type { Output } from '../output.ts';

export async function showMailFailures(
  context: Context,
  output: Output,
  name: string,
  csv: string | undefined,
): Promise<void> {
  const store = await context.store();
  const { id, configuration } = await findCampaignJob(store, name);
  const { emailField } = configuration;
  const groups = await groupMailFailures(store, id);
  if (csv !== undefined) {
    const written = await writeCsv(
      csv,
      ['profile', emailField, 'reason', 'words', 'when'],
      (after: FailedMail | undefined, limit) => readFailedMails(store, id, emailField, after?.no ?? 0, limit),
      ({ profileId, address, code, words, at }) => [profileId, address, code, words, at.toISOString()],
    );
    output.line(`${written} members written to ${csv}.`);
  }
  output.result(groups);
  if (groups.length === 0) output.line('No member is rejected.');
  else
    output.table(
      ['reason', 'members', 'Responsys’ words, of one of them'],
      groups.map(({ code, members, example }) => [code, members, example ?? '']),
    );
}
