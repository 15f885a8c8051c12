/**
 * Holds a job's configuration against the account: which column takes what, which tables have to be made,
 * and every fault in the reader's words, all at once. Pure.
 */
import { columnNameFault, sameName } from '../jobs/column-name.ts';
import { insertsOnNoMatch, matchColumnsOf, newFieldsTableName } from '../jobs/export-audience.ts';
import type { ExportAudienceConfiguration } from '../jobs/export-audience.ts';
import type { ExportPlan, MembershipColumn, NewTable } from '../jobs/export-plan.ts';
import { fitsColumn } from '../jobs/user-fields.ts';
import type { Kind } from '../jobs/user-fields.ts';
import type { ExtensionTable, ProfileList } from '../systems/responsys/index.ts';
import type { Audience } from '../systems/store/audiences.ts';
import { alsoInList, missingColumns, planFields, unknownField } from './fields-planning.ts';
import type { Planned } from './fields-planning.ts';

export interface Account {
  readonly lists: readonly ProfileList[];
  /** The extension tables of the job's list; empty where the list is not there. */
  readonly tables: readonly ExtensionTable[];
}

export interface Planning {
  readonly plan: ExportPlan;
  readonly newTables: readonly NewTable[];
  /** Empty when the job can start. */
  readonly faults: readonly string[];
}

export function planExport(
  job: ExportAudienceConfiguration,
  jobId: string,
  account: Account,
  userFields: ReadonlyMap<string, Kind>,
  source: Audience,
  exported: readonly Audience[],
): Planning {
  const faults: string[] = [];
  const warnings: string[] = [];
  const list = account.lists.find((one) => sameName(one.name, job.list));
  if (list === undefined) {
    const names = account.lists.map((one) => one.name).join(', ');
    faults.push(`list: the account has no list "${job.list}"; it has ${names === '' ? 'none' : names}`);
  }
  const idMappings = Object.entries(job.idMappings).map(([field, column]) => ({ field, column }));
  for (const { field, column } of idMappings) {
    if (!userFields.has(field)) faults.push(`idMappings: ${unknownField(field, userFields)}`);
    if (list !== undefined && !list.fields.some((one) => sameName(one.name, column)))
      faults.push(`idMappings: the list ${list.name} has no column ${column}`);
  }
  for (const field of job.fieldsToTrigger)
    if (!userFields.has(field)) faults.push(`fieldsToTrigger: ${unknownField(field, userFields)}`);
  const folder = job.folder ?? list?.folderName ?? '';
  const context = { job, tables: account.tables, folder, faults };
  const fields = planFields({
    ...context,
    additionalFields: job.additionalFields,
    table: job.fieldsTable ?? newFieldsTableName(jobId),
    userFields,
  });
  const memberships = planMemberships(context, exported);
  if (memberships === undefined)
    warnings.push('exportAudienceMemberships is empty: that a member left stays invisible to Responsys.');
  warnings.push(...alsoInList(fields, list));
  return {
    plan: {
      list: list?.name ?? job.list,
      sourceAudienceId: source.id,
      idMappings,
      matchColumns: matchColumnsOf(job),
      insertOnNoMatch: insertsOnNoMatch(job),
      fields: fields?.table ?? null,
      memberships: memberships?.table ?? null,
      warnings,
    },
    newTables: [fields?.make, memberships?.make].filter((table) => table !== undefined),
    faults,
  };
}

interface Context {
  readonly job: ExportAudienceConfiguration;
  readonly tables: readonly ExtensionTable[];
  readonly folder: string;
  readonly faults: string[];
}

function planMemberships(
  { job, tables, folder, faults }: Context,
  exported: readonly Audience[],
): Planned<MembershipColumn> | undefined {
  if (exported.length === 0) return undefined;
  const name = job.membershipsTable;
  const existing = tables.find((table) => sameName(table.name, name));
  const columns = exported.map((audience) => ({ audienceId: audience.id, column: audience.column }));
  for (const { column } of columns) {
    const fault = columnNameFault(column);
    if (fault !== undefined) faults.push(`exportAudienceMemberships: the column "${column}" ${fault}`);
  }
  if (existing === undefined) {
    const fields = columns.map(({ column }) => ({ name: column, type: 'INTEGER' as const }));
    return { table: { name, columns }, make: { name, folder, fields } };
  }
  const missing = columns.filter(({ column }) => !existing.fields.some((one) => sameName(one.name, column)));
  if (missing.length > 0)
    faults.push(
      missingColumns(
        'membershipsTable',
        name,
        missing.map(({ column }) => ({ column, type: 'INTEGER' })),
      ),
    );
  for (const { column } of columns) {
    const found = existing.fields.find((one) => sameName(one.name, column));
    if (found !== undefined && !fitsColumn('bool', found.type))
      faults.push(
        `membershipsTable: ${name}.${column} is ${found.type}, which cannot take 1 and 0; INTEGER can`,
      );
  }
  return { table: { name: existing.name, columns } };
}
