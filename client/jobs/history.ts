/** `jobs history` of an export: what it did about a person. */
import { findJob } from '../../systems/store/jobs.ts';
import { readHistory } from '../../systems/store/ledger.ts';
import type { Context } from '../context.ts';
import type { Output } from '../output.ts';

export async function showHistory(
  context: Context,
  output: Output,
  name: string,
  profileId: string,
): Promise<void> {
  const store = await context.store();
  const lines = await readHistory(store, (await findJob(store, name)).id, profileId);
  output.result({ profileId, lines });
  output.line(`profile ${profileId}`);
  output.table(
    ['when', 'change', 'list', 'fields', 'memberships', 'RIID', 'reason'],
    lines.map((line) => [
      line.at.toISOString(),
      line.change,
      line.fates.list ?? '–',
      line.fates.fields ?? '–',
      line.fates.memberships ?? '–',
      line.riid ?? '–',
      (line.reasons ?? []).map((reason) => reason.words).join('; '),
    ]),
  );
}
