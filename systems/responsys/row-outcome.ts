/**
 * The fate of a row, from what Responsys answered. HTTP 200 is not success: failures stand inside it.
 * Source: reference §2.3, recorded traffic.
 */
import type { Refusal } from './narrow.ts';
import type { ResponsysError } from './errors.ts';

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
  [/does not match any contacts/i, 'no-contact'],
  [/bad email format|valid e-?mail|invalid e-?mail/i, 'bad-email'],
  [/not valid for the field type|invalid (date|number)/i, 'wrong-type'],
  [/too long|exceeds|maximum length|too large/i, 'too-long'],
  [/not found in fieldnames|null or empty|channel/i, 'missing-key'],
];

/** Seen nowhere in recorded traffic: that a row without a match is told in such words is inferred. */
const noMatch = /no match|not found in (the )?list|no record found|record not found/i;

export function rejection(words: string): RowOutcome {
  const code = wordings.find(([pattern]) => pattern.test(words))?.[1] ?? 'refused';
  return { outcome: 'rejected', code, words };
}

const mergeFailed = /^MERGEFAILED:\s*/;
const recordNumber = /^Record\s+(\d+)\s*=\s*/i;

/** @param cells one row of the answer. @param readsRiid whether a good row's first cell is its RIID */
export function outcomeOfRow(
  cells: readonly unknown[],
  readsRiid: boolean,
  updatesOnly: boolean,
): RowOutcome {
  const failed = cells.find((cell): cell is string => typeof cell === 'string' && mergeFailed.test(cell));
  if (failed !== undefined) {
    const words = failed.replace(mergeFailed, '').replace(recordNumber, '').trim();
    return updatesOnly && noMatch.test(words) ? { outcome: 'not-in-list' } : rejection(words);
  }
  const [first] = cells;
  const riid = readsRiid && /^\d+$/.test(String(first)) ? String(first) : undefined;
  return { outcome: 'accepted', riid };
}

/** Codes with which a whole request is refused for one of its rows. Source: reference §2.3, §5.3. */
const rowCodes = new Set(['INVALID_PARAMETER', 'INVALID_NUMBER', 'INVALID_DATE', 'INVALID_REQUEST_CONTENT']);

/** The row's fault in a refused request; undefined where the request itself is at fault. */
export function refusalOf(error: ResponsysError): Refusal | undefined {
  const words = error.words.replace(/^INVALID_PARAMETER:\s*/, '');
  const found = recordNumber.exec(words);
  if (found !== null) return { index: Number(found[1]), words: words.replace(recordNumber, '').trim() };
  const rowsFault =
    error.kind === 'refused' &&
    rowCodes.has(error.errorCode ?? '') &&
    !/match column|merge ?rule|field ?names?|folder|list|table/i.test(words);
  return rowsFault ? { index: undefined, words } : undefined;
}
