/**
 * The configuration of an Export Audiences to Campaign job: every field of the specification, and settings
 * beyond it that are optional with defaults. What can be said of it without the account is checked here.
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
  maxRowsPerRequest,
} from './limits.ts';

const shape = z.strictObject({
  job: z.literal('export-campaign'),
  /** Label of an authorization of the kind Responsys Interact. */
  authorization: name,
  label: name.max(200),
  description: z.string().trim().default(''),
  /** The audience to export, or several: who enters one of them gets the mail. */
  audience: z
    .union([name.transform((one) => [one]), z.array(name).min(1, 'at least one audience must be named')])
    .transform((names) => [...new Set(names)]),
  /** The user field that holds the address. */
  emailField: name.default('email'),
  campaign: name,
  /** Whether users that are members already are mailed too. */
  backfill: z.boolean().default(false),
  additionalFields: upTo(maxAdditionalFields, 'user fields'),
  /** The extension table of the campaign's list that takes the additional fields. */
  fieldsTable: tableName.default('Lytics_User_Fields'),
  /** The folder of a table that the job makes; the list's own unless named. */
  folder: name.optional(),
  /** Whether members that the campaign's list lacks are inserted; without, they get no mail. */
  insertOnNoMatch: z.boolean().default(true),
  /** Of new list members. An opt-out is never turned by it. */
  defaultPermissionStatus: z.enum(['OPTIN', 'OPTOUT']).default('OPTOUT'),
  batchSize: z.int().min(1).max(maxRowsPerRequest).default(defaultBatchSize),
  /** The longest that an entry waits for its batch to fill: `30s`, `10m`, `1h`. */
  flushInterval: duration.default(defaultFlushIntervalMs),
  /** At most one mail of this job to a person in so many days; no such bound unless given. */
  oneMailInDays: z.int().min(1).max(365).optional(),
  /** Mails of this job in 24 hours; those beyond wait. No such bound unless given. */
  mailsADay: z.int().min(1).optional(),
  /** Members that a back-fill mails before it waits for `approve`; none unless given. */
  canary: z.int().min(1).optional(),
  /** The share of rejected members at which the job stops itself, in percent; `100%` never stops it. */
  stopWhenRejected: percent.default(defaultStopWhenRejectedPercent),
});

/** A job's file, checked; each fault names its field. */
export const exportCampaignSchema = shape.superRefine((job, context) => {
  const fault = (field: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [field], message });
  uniqueColumns(job.additionalFields, 'additionalFields', fault);
  for (const field of job.additionalFields) {
    const wrong = columnNameFault(field);
    if (wrong !== undefined) fault('additionalFields', `"${field}" ${wrong}`);
  }
  if (job.canary !== undefined && !job.backfill)
    fault('canary', 'only a back-fill has one; say "backfill: true" or leave it out');
});

export type ExportCampaignConfiguration = z.infer<typeof shape>;
