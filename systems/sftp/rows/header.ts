/**
 * The header of delimited text: its columns by name, whatever their case and order, and whether it is one that
 * its events can be read by. Pure.
 */
import { ExpectedError, notValid } from '../../../jobs/errors.ts';
import type { RawRow } from './delimited.ts';
import { maxColumns } from './reading.ts';
import type { BadRow, Reading } from './reading.ts';

/** What Responsys can set, and what else has been seen. */
const commonDelimiters = [',', '|', ';', '\t', '~', '^', '\u0001'] as const;

/** @throws ExpectedError INPUT_NOT_VALID */
export function checkDelimiter(delimiter: string): void {
  if (delimiter === '' || delimiter.length > 10 || /["\r\n]/.test(delimiter))
    throw notValid(
      'Custom Delimiter',
      'expected 1 to 10 characters, without quotes and line ends, such as | or \\t',
    );
}

/** @returns the columns, in lower case. @throws ExpectedError FILE_HEADER */
export function headerOf(record: RawRow | BadRow, reading: Reading): readonly string[] {
  if ('reason' in record) throw fault(`cannot be read: ${record.reason}`);
  const columns = namesOf(record.cells);
  const missing = lacking(columns, reading);
  // One column alone is the sign of another delimiter, also where nothing is required.
  if (missing.length > 0 || columns.length === 1) {
    const text = record.cells.join(reading.delimiter);
    const fitting = commonDelimiters
      .filter((one) => one !== reading.delimiter)
      .map((one) => ({ one, columns: namesOf(unquoted(text.split(one))) }))
      .filter((other) => other.columns.length > 1 && lacking(other.columns, reading).length === 0)
      .sort((one, other) => other.columns.length - one.columns.length)[0];
    if (fitting !== undefined)
      throw fault(
        `is not delimited by ${JSON.stringify(reading.delimiter)} but by ${JSON.stringify(fitting.one)}: set Custom Delimiter so`,
      );
  }
  if (missing.length > 0) throw fault(`lacks ${missing.map((name) => name.toUpperCase()).join(', ')}`);
  if (columns.length > maxColumns)
    throw fault(`has ${columns.length} columns, at most ${maxColumns} are read`);
  if (columns.some((name) => name.includes('\0'))) throw fault('has a NUL byte in a name');
  return columns;
}

const fault = (what: string): ExpectedError => new ExpectedError('FILE_HEADER', `The file’s header ${what}.`);

const lacking = (columns: readonly string[], { requiredColumns }: Reading): readonly string[] => {
  const present = new Set(columns);
  return requiredColumns.filter((name) => !present.has(name));
};

const unquoted = (cells: readonly string[]): readonly string[] =>
  cells.map((cell) => cell.trim().replace(/^"(.*)"$/s, '$1'));

/** A name that is missing or comes again gets its place: no column of the file is lost. */
function namesOf(cells: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return cells.map((cell, at) => {
    const plain = cell.trim().toLowerCase();
    const name = plain === '' || seen.has(plain) ? `${plain === '' ? 'column' : plain}_${at + 1}` : plain;
    seen.add(name);
    return name;
  });
}
