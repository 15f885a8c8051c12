/**
 * The configuration of an Import Activity Data job: every field of the specification, and settings beyond
 * it that are optional with defaults. What can be said of it without the server is checked here.
 */
import { z } from 'zod';
import { accountId } from './account-id.ts';
import { duration } from './duration.ts';
import {
  defaultLookIntervalMs,
  defaultParallelFiles,
  defaultStableForMs,
  maxParallelFiles,
} from './limits.ts';

const name = z.string().trim().min(1, 'is required');
const noFormat = (what: string) => (issue: { input?: unknown }) => `${JSON.stringify(issue.input)} ${what}`;

const delimiter = z
  .string()
  .transform((text) => (text === '\\t' ? '\t' : text))
  .pipe(
    z
      .string()
      .min(1, 'is empty')
      .max(8, 'has more than 8 characters')
      .regex(/^[^"\r\n\0]*$/, { error: noFormat('has a quote or a line end, which no delimiter can have') }),
  );

const afterSuccess = z
  .string()
  .trim()
  .transform((text, context) => {
    if (text === 'leave' || text === 'delete') return text;
    const folder = /^move\s+(\S.*)$/.exec(text)?.[1];
    if (folder !== undefined) return { move: folder };
    context.addIssue({ code: 'custom', message: `"${text}" is none of leave, delete, move FOLDER` });
    return z.NEVER;
  });

const timeZone = name.refine(isTimeZone, {
  error: noFormat('is no time zone; one such as UTC or America/New_York'),
});

const startDate = z
  .string()
  .trim()
  .regex(/^\d{4}-\d{2}-\d{2}$/, { error: noFormat('is no date such as 2026-01-31') })
  .refine(isDay, { error: noFormat('is no day of the calendar') });

export const importActivitySchema = z.strictObject({
  job: z.literal('import-activity'),
  /** Label of an authorization of one of the two SFTP kinds. */
  authorization: name,
  label: name.max(200),
  description: z.string().trim().default(''),
  /** Where the files are: absolute, or below the authorization's folder. */
  folder: z.string().trim().default(''),
  /** Accounts whose files are taken, by the number with which a file's name begins; all where none is named. */
  accountIds: z.array(accountId).default([]),
  /** Custom Delimiter; one or several characters, `\t` for a tab. */
  customDelimiter: delimiter.default(','),
  /** A file of LQL in the place of the default mapping; the client puts its text here. */
  mapping: name.optional(),
  /** How often the folder is looked at. */
  interval: duration.default(defaultLookIntervalMs),
  /** Files that are read at once. */
  parallelFiles: z.int().min(1).max(maxParallelFiles).default(defaultParallelFiles),
  /**
   * The ending of the file that says another is whole. A file without one that is named here is never whole;
   * where none is named, `.ready` is taken, and files that stay as they are count as whole without.
   */
  marker: name
    .regex(/^\.?[A-Za-z0-9]+$/, { error: noFormat('is no ending of a file such as .ready') })
    .optional(),
  /** Without a marker: how long a file's size and time stay the same before it is taken for whole. */
  stableFor: duration.default(defaultStableForMs),
  /** What becomes of a file that was imported: `leave`, `delete`, or `move FOLDER`. */
  afterSuccess: afterSuccess.default('leave'),
  /** Of times in the files that name none. */
  timeZone: timeZone.default('UTC'),
  /** Files of earlier days, by the date in their names, are left alone. */
  startDate: startDate.optional(),
});

/** As it stands in the store: `mapping` is the mapping's text. */
export type ImportActivityConfiguration = z.infer<typeof importActivitySchema>;

/** `Date.parse` takes 31 February for 3 March. */
function isDay(text: string): boolean {
  const at = Date.parse(text);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
