/**
 * `jobs failures` of an export: rejected members by reason, in Responsys' words.
 */
import { findJob } from '../../systems/store/jobs.ts';
import { groupFailures, readFailedMembers } from '../../systems/store/ledger.ts';
import type { FailedMember } from '../../systems/store/ledger.ts';
import type { Context } from '../context.ts';
import { writeCsv } from '../csv-file.ts';
import type { Output } from '../output.ts';

export async function showFailures(
  context: Context,
  output: Output,
  name: string,
  csv: string | undefined,
): Promise<void> {
  const store = await context.store();
  const job = await findJob(store, name);
  const groups = await groupFailures(store, job.id);
  if (csv !== undefined) {
    const fields = Object.keys(job.configuration.idMappings);
    const written = await writeCsv(
      csv,
      ['profile', ...fields, 'target', 'reason', 'words', 'when'],
      (after: FailedMember | undefined, limit) =>
        readFailedMembers(store, job.id, fields, after?.profileId, limit),
      ({ profileId, identifiers, target, code, words, at }) => [
        profileId,
        ...fields.map((field) => identifiers[field] ?? ''),
        target,
        code,
        words,
        at.toISOString(),
      ],
    );
    output.line(`${written} members written to ${csv}.`);
  }
  output.result(groups);
  if (groups.length === 0) output.line('No member is rejected.');
  else
    output.table(
      ['target', 'reason', 'members', 'Responsys’ words, of one of them'],
      groups.map((group) => [group.target, group.code, group.members, group.example]),
    );
}
