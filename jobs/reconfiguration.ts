/**
 * What a changed file means for a job that is there: which fields differ, and what each change takes. One
 * table says it of every field. Pure.
 */
import { goneFrom, refusedChanges } from './change-effects.ts';
import type { Change, Effect } from './change-effects.ts';
import { changedFields } from './changed-fields.ts';
import { exportAudienceSchema } from './export-audience.ts';
import type { ExportAudienceConfiguration } from './export-audience.ts';

type Field = keyof ExportAudienceConfiguration;

/** `account`: all members are sent again, besides. */
const effects: Readonly<Record<Field, Effect>> = {
  job: 'fixed',
  authorization: 'fixed',
  label: 'fixed',
  description: 'next',
  audience: 'fixed',
  list: 'fixed',
  idMappings: 'account',
  matchColumn1: 'fixed',
  matchColumn2: 'fixed',
  additionalFields: 'account',
  fieldsToTrigger: 'account',
  fieldsTable: 'account',
  exportAudienceMemberships: 'account',
  membershipsTable: 'account',
  folder: 'next',
  insertOnNoMatch: 'account',
  updateOnMatch: 'account',
  defaultPermissionStatus: 'next',
  batchSize: 'next',
  flushInterval: 'next',
  canary: 'next',
  stopWhenRejected: 'next',
};

export type Difference = Change<Field>;

export function differencesOf(
  before: ExportAudienceConfiguration,
  after: ExportAudienceConfiguration,
): readonly Difference[] {
  const { job, authorization, label, audience, list, matchColumn1 } = before;
  // A setting that came after the job was made is at its default.
  const known = exportAudienceSchema.safeParse({
    ...{ job, authorization, label, audience, list, matchColumn1 },
    idMappings: before.idMappings,
  });
  const was: ExportAudienceConfiguration = { ...(known.data ?? after), ...before };
  return changedFields(Object.keys(effects) as Field[], was, after).map((change) => ({
    ...change,
    effect: mapsMatchAnew(change.field, was, after) ? 'fixed' : effects[change.field],
  }));
}

/** A match column that is filled from another user field finds other records. */
function mapsMatchAnew(
  field: Field,
  before: ExportAudienceConfiguration,
  after: ExportAudienceConfiguration,
): boolean {
  if (field !== 'idMappings') return false;
  const mappedTo = ({ idMappings }: ExportAudienceConfiguration, column: string | undefined) =>
    Object.keys(idMappings).find((one) => idMappings[one] === column);
  return [before.matchColumn1, before.matchColumn2].some(
    (column) => column !== undefined && mappedTo(before, column) !== mappedTo(after, column),
  );
}

/** Why a change cannot be made to a job that is there, each as "field: what"; empty where it can. */
export const fixedFaults = (differences: readonly Difference[]): readonly string[] =>
  refusedChanges(differences, 'would mean other records');

/** What stays behind when a change is made, in the reader's words. */
export function leftBehind(differences: readonly Difference[]): readonly string[] {
  return differences.flatMap((difference) => {
    const { field, from } = difference;
    if ((field === 'fieldsTable' || field === 'membershipsTable') && typeof from === 'string')
      return [`The table ${from} keeps what it has: nothing updates it any more.`];
    if (field !== 'additionalFields' && field !== 'exportAudienceMemberships') return [];
    const gone = goneFrom(difference);
    return gone.length === 0
      ? []
      : [`${field}: the columns of ${gone.join(', ')} keep what they have: nothing updates them any more.`];
  });
}
