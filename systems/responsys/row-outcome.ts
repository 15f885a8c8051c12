/**
 * The fate of a row, from what Responsys answered. HTTP 200 is not success: failures stand inside it.
 * Source: reference §2.3, recorded traffic.
 */
import { meaningOfCode } from './error-codes.ts';
import type { ResponsysError } from './errors.ts';
import type { Refusal } from './narrow.ts';

export type RowOutcome =
  | { readonly outcome: 'accepted'; readonly riid: string | undefined }
  | {
      readonly outcome: 'rejected';
      /** Ours: a stable class of reasons. */
      readonly code: RejectionCode;
      /** Responsys' own words, which may quote a value: for the ledger only. */
      readonly words: string;
    }
  /** A row that only updates, without a match: no rejection. */
  | { readonly outcome: 'not-in-list' };

export type RejectionCode =
  'bad-email' | 'wrong-type' | 'too-long' | 'missing-key' | 'no-contact' | 'refused';

/** Wordings by which a rejection is told apart; most of the catalogue is not public, the rest is `refused`. */
const wordings: readonly (readonly [RegExp, RejectionCode])[] = [
  [/does not match any contacts|recipient not found/i, 'no-contact'],
  [/bad email format|valid e-?mail|invalid e-?mail/i, 'bad-email'],
  [/not valid for the field type|invalid (date|number)/i, 'wrong-type'],
  [/too long|exceeds|maximum length|too large/i, 'too-long'],
  [/not found in fieldnames|null or empty|channel/i, 'missing-key'],
];

/** Seen nowhere in recorded traffic: that a row without a match is told in such words is inferred. */
const noMatch = /no match|not found in (the )?list|no record found|record not found/i;

/** What is quoted is a member's value, and says nothing of the reason. */
const withoutQuotes = (words: string): string => words.replace(/"[^"]*"/g, '""');

export function rejection(words: string): Extract<RowOutcome, { outcome: 'rejected' }> {
  const said = withoutQuotes(words);
  const code = wordings.find(([pattern]) => pattern.test(said))?.[1] ?? 'refused';
  return { outcome: 'rejected', code, words };
}

const mergeFailed = /^\s*MERGEFAILED\b:?\s*/i;
const recordNumber = /^Record\s+(\d+)\s*=\s*/i;
/** An id of a record: 0 and -1 stand for none. */
export const recordId = /^[1-9]\d*$/;

/** What an answer's rows are read by. */
export interface RowReading {
  /** Where in a good row its RIID stands; undefined where rows answer none. */
  readonly riidAt: number | undefined;
  /** Whether the merge could not insert. */
  readonly updatesOnly: boolean;
}

/**
 * @param cells one row of the answer; a failure stands in its first cell, and is looked for in all.
 * A row of an update-only merge without a RIID is taken for one without a match: inferred, seen nowhere.
 */
export function outcomeOfRow(cells: readonly unknown[], { riidAt, updatesOnly }: RowReading): RowOutcome {
  const failed = cells.find((cell): cell is string => typeof cell === 'string' && mergeFailed.test(cell));
  if (failed !== undefined) {
    const words = failed.replace(mergeFailed, '').replace(recordNumber, '').trim();
    return updatesOnly && noMatch.test(withoutQuotes(words)) ? { outcome: 'not-in-list' } : rejection(words);
  }
  if (riidAt === undefined) return { outcome: 'accepted', riid: undefined };
  const cell = cells[riidAt];
  const riid = typeof cell === 'string' || typeof cell === 'number' ? String(cell).trim() : '';
  if (recordId.test(riid)) return { outcome: 'accepted', riid };
  return updatesOnly ? { outcome: 'not-in-list' } : { outcome: 'accepted', riid: undefined };
}

/**
 * Wordings that are about the merge's rule or its columns, or about the campaign, never about a row.
 * Source: reference §3.3, §3.4; Oracle's REST guide, campaigns-campaignName-actions-close-put.
 */
const ofTheRequest =
  /match column|matchColumn|merge ?rule|insertOnNoMatch|updateOnMatch|field types are invalid|\bcampaign\b/i;

/**
 * What a refused request says of its rows; undefined where the request itself is at fault. One that names no
 * row, in words that are not known to be about a row, may be either: `narrow` finds out.
 */
export function refusalOf(error: ResponsysError): Refusal | undefined {
  const meaning = error.errorCode === undefined ? undefined : meaningOfCode(error.errorCode);
  // A code that no source has may well be a row's: `narrow` finds out.
  if (error.kind !== 'refused' || (meaning !== undefined && meaning.ofRows !== true)) return undefined;
  const given = error.words.replace(/^INVALID_PARAMETER:\s*/, '');
  const words = given.replace(recordNumber, '').trim();
  const named = recordNumber.exec(given)?.[1];
  if (named !== undefined) return { index: Number(named), words, aboutARow: true, error };
  if (ofTheRequest.test(withoutQuotes(words))) return undefined;
  return { index: undefined, words, aboutARow: rejection(words).code !== 'refused', error };
}
