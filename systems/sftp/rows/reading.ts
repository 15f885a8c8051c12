/** How the text of event files is read, and what a row of it is. */

export interface Reading {
  /** Of delimited text: one character or several. The specification's Custom Delimiter. */
  readonly delimiter: string;
  /** Columns without which the events of the file cannot be used, in lower case. */
  readonly requiredColumns: readonly string[];
}

export interface Row {
  /** Of its text, from 1; the header is a line as well. A row over several lines has the number of its first. */
  readonly line: number;
  /** In lower case. The same object for all rows of a delimited text; JSON's rows have their own. */
  readonly columns: readonly string[];
  /** As they stand there; null is JSON's. */
  readonly cells: readonly (string | null)[];
}

/** A row that cannot be read: set aside, with what is wrong with it. Holds nothing of its content. */
export interface BadRow {
  readonly line: number;
  readonly reason: string;
}

export type RowItem = Row | BadRow;

export const isBad = (item: RowItem): item is BadRow => 'reason' in item;

/** In bytes, of one line or one JSON object: what is longer is set aside, and is never held in memory. */
export const longestRowBytes = 1_000_000;

/** Of a header. Responsys' widest layouts have a few hundred. */
export const maxColumns = 5000;

/** Lines that one quoted text may run over. Responsys writes one record a line. */
export const maxLinesOfRow = 100;
