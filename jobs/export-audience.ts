/**
 * The configuration of an Export Audience job: every field of the specification, and settings beyond it
 * that are optional with defaults. What can be said of it without the account is checked here.
 */
import { z } from 'zod';
import { columnNameFault } from './column-name.ts';
import { duration } from './duration.ts';
import { name, percent, tableName, uniqueColumns, upTo } from './file-fields.ts';
import {
  defaultBatchSize,
  defaultFlushIntervalMs,
  defaultStopWhenRejectedPercent,
  maxAdditionalFields,
  maxExportedAudiences,
  maxFieldsToTrigger,
  maxRowsPerRequest,
} from './limits.ts';

/** Columns of a profile list that identify a record. Source: Oracle's API description, matchColumnName1. */
export const identifierColumns = [
  'RIID_',
  'CUSTOMER_ID_',
  'EMAIL_ADDRESS_',
  'MOBILE_NUMBER_',
  'EMAIL_MD5_HASH_',
  'EMAIL_SHA256_HASH_',
] as const;
export type IdentifierColumn = (typeof identifierColumns)[number];

export const hashColumns: readonly IdentifierColumn[] = ['EMAIL_MD5_HASH_', 'EMAIL_SHA256_HASH_'];
/** Columns that Responsys itself fills: good for finding a record, never for making one. */
export const updateOnlyColumns: readonly IdentifierColumn[] = ['RIID_', ...hashColumns];

const identifierColumn = z.enum(identifierColumns, {
  error: (issue) =>
    `${JSON.stringify(issue.input)} is no identifier of a profile list; one of ${identifierColumns.join(', ')}`,
});
const shape = z.strictObject({
  job: z.literal('export-audience'),
  /** Label of an authorization of the kind Responsys Interact. */
  authorization: name,
  label: name.max(200),
  description: z.string().trim().default(''),
  /** Source Audience. */
  audience: name,
  list: name,
  /** User field → identifier column of the list. */
  idMappings: z.record(name, identifierColumn).default({ email: 'EMAIL_ADDRESS_' }),
  matchColumn1: identifierColumn,
  matchColumn2: identifierColumn.optional(),
  additionalFields: upTo(maxAdditionalFields, 'user fields'),
  /** The extension table of the additional fields; made as Lytics_User_Fields_{Job ID} where none is named. */
  fieldsTable: tableName.optional(),
  exportAudienceMemberships: upTo(maxExportedAudiences, 'audiences'),
  membershipsTable: tableName.default('Lytics_Segments'),
  /** The folder of tables that the job makes; the list's own unless named. */
  folder: name.optional(),
  /** User fields whose change alone sends a member again; identifiers always do. */
  fieldsToTrigger: upTo(maxFieldsToTrigger, 'user fields'),
  insertOnNoMatch: z.boolean().optional(),
  updateOnMatch: z.enum(['REPLACE_ALL', 'NO_UPDATE']).default('REPLACE_ALL'),
  /** Of new list members. An opt-out is never turned by it. */
  defaultPermissionStatus: z.enum(['OPTIN', 'OPTOUT']).default('OPTOUT'),
  batchSize: z.int().min(1).max(maxRowsPerRequest).default(defaultBatchSize),
  /** The longest that a change waits for its batch to fill: `30s`, `10m`, `1h`. */
  flushInterval: duration.default(defaultFlushIntervalMs),
  /** Members that the first scan sends before the job waits for `approve`; none unless given. */
  canary: z.int().min(1).optional(),
  /** The share of rejected members at which the job stops itself, in percent; `100%` never stops it. */
  stopWhenRejected: percent.default(defaultStopWhenRejectedPercent),
});

/** A job's file, checked; each fault names its field. */
export const exportAudienceSchema = shape.superRefine((job, context) => {
  const fault = (field: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [field], message });
  const mapped = Object.values(job.idMappings);
  if (mapped.length === 0) fault('idMappings', 'at least one identifier must be mapped');
  for (const column of new Set(mapped.filter((one, index) => mapped.indexOf(one) !== index)))
    fault('idMappings', `${column} is mapped from more than one user field`);
  const matches = matchColumnsOf(job);
  matches.forEach((column, index) => {
    if (!mapped.includes(column))
      fault(`matchColumn${index + 1}`, `${column} is not mapped; map a user field to it in idMappings`);
  });
  if (job.matchColumn1 === job.matchColumn2)
    fault('matchColumn2', `${job.matchColumn1} is matchColumn1 already`);
  for (const column of updateOnlyColumns.filter((one) => mapped.includes(one) && !matches.includes(one)))
    fault('idMappings', `${column} can only be a match column: Responsys fills it itself`);
  const updateOnly = matches.find((column) => updateOnlyColumns.includes(column));
  if (updateOnly !== undefined && job.insertOnNoMatch === true)
    fault(
      'insertOnNoMatch',
      `true does not go with ${updateOnly}, which can only update; leave it out or say false`,
    );
  const hashes = matches.filter((column) => hashColumns.includes(column));
  if (hashes.length === 2) fault('matchColumn2', 'two hash columns cannot be combined');
  if (hashes.length === 1 && matches.includes('EMAIL_ADDRESS_'))
    fault('matchColumn2', `${String(hashes[0])} cannot be combined with EMAIL_ADDRESS_`);
  uniqueColumns(job.additionalFields, 'additionalFields', fault);
  for (const field of job.additionalFields) {
    const wrong = columnNameFault(field);
    if (wrong !== undefined) fault('additionalFields', `"${field}" ${wrong}`);
  }
  uniqueColumns(job.exportAudienceMemberships, 'exportAudienceMemberships', fault);
  if (job.fieldsTable?.toUpperCase() === job.membershipsTable.toUpperCase())
    fault('fieldsTable', `"${job.membershipsTable}" is the memberships table; name another`);
});

export type ExportAudienceConfiguration = z.infer<typeof shape>;

export function matchColumnsOf(
  job: Pick<ExportAudienceConfiguration, 'matchColumn1' | 'matchColumn2'>,
): readonly IdentifierColumn[] {
  return job.matchColumn2 === undefined ? [job.matchColumn1] : [job.matchColumn1, job.matchColumn2];
}

/** Whether members that the list lacks are inserted: unless the match can only update, or the job says no. */
export function insertsOnNoMatch(job: ExportAudienceConfiguration): boolean {
  return job.insertOnNoMatch ?? !matchColumnsOf(job).some((column) => updateOnlyColumns.includes(column));
}

/** The name of the fields table that is made for a job. Source: the specification, its underscores restored. */
export const newFieldsTableName = (jobId: string): string => `Lytics_User_Fields_${jobId}`;
