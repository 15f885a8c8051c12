/**
 * A file of people, CSV with a header or JSON lines, as a stream of persons. A line that cannot be read is
 * told with its number, and never stops the file.
 */
import { stat } from 'node:fs/promises';
import { notValid } from '../../jobs/errors.ts';
import type { Kind } from '../../jobs/user-fields.ts';
import { identityFields } from '../../systems/store/identities.ts';
import { readCsvRecords } from './csv-records.ts';
import type { CsvRecord } from './csv-records.ts';
import { readFileLines } from './lines.ts';
import type { FileLine, FileLines } from './lines.ts';
import { fieldOfHeader, readPerson } from './person.ts';
import type { FieldNames, FieldOfHeader, Person } from './person.ts';
import { isValue, kindOfJson } from './values.ts';

export interface LineOfFile {
  /** Of the file, from 1; the header is a line as well. */
  readonly line: number;
  readonly person: Person;
}

export interface PeopleFile {
  readonly bytes: number;
  /** User fields that the file brings, as far as they are known: all of a CSV's, those seen of JSON's. */
  readonly fields: ReadonlyMap<string, Kind>;
  readonly lines: AsyncIterable<LineOfFile>;
  /** Bytes read so far. */
  readonly bytesRead: () => number;
}

export interface FileForm {
  /** By the file's first character where it is not said. */
  readonly format?: 'csv' | 'jsonl' | undefined;
  /** Of a CSV file: one character. */
  readonly delimiter: string;
  readonly named?: FieldNames;
}

const delimiters = [',', ';', '\t', '|'] as const;

/**
 * @param known kinds of the fields that the store has already: they win over the file's
 * @throws ExpectedError INPUT_NOT_VALID when the file is missing, empty, or has no identifier in its header
 */
export async function openPeopleFile(
  path: string,
  form: FileForm,
  known: ReadonlyMap<string, Kind>,
): Promise<PeopleFile> {
  if (form.delimiter.length !== 1 || /["\r\n]/.test(form.delimiter))
    throw notValid(
      '--delimiter',
      `expected one character, such as ${delimiters.map((one) => JSON.stringify(one)).join(' ')}`,
    );
  const bytes = await sizeOf(path);
  const first = await firstText(path);
  if (form.format !== 'csv' && first.startsWith('['))
    throw notValid(path, 'is one JSON array; expected JSON lines, one object a line');
  const lines = readFileLines(path);
  if (form.format === 'jsonl' || (form.format === undefined && first.startsWith('{'))) {
    const fields = new Map(known);
    return { bytes, bytesRead: lines.bytesRead, fields, lines: readJsonLines(lines, fields, form.named) };
  }
  const header = await readHeader(path, form);
  const fields = new Map(header.map(({ name, kind }) => [name, known.get(name) ?? kind ?? 'string']));
  return { bytes, bytesRead: lines.bytesRead, fields, lines: readCsv(lines, form.delimiter, header, fields) };
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw notValid(path, 'there is no such file');
  if (!found.isFile()) throw notValid(path, 'is no file that can be read twice; expected a file on disk');
  return found.size;
}

async function firstText(path: string): Promise<string> {
  try {
    for await (const batch of readFileLines(path).batches)
      for (const { text = '?' } of batch) if (text.trim() !== '') return text.trimStart();
  } catch {
    throw notValid(path, 'cannot be read');
  }
  throw notValid(path, 'is empty; expected a header, or JSON lines');
}

async function readHeader(path: string, form: FileForm): Promise<readonly FieldOfHeader[]> {
  const records = readCsvRecords(readFileLines(path).batches, () => ({
    delimiter: form.delimiter,
    cells: undefined,
  }));
  let first: CsvRecord | undefined;
  let hasMore = false;
  for await (const record of records) {
    hasMore = first !== undefined;
    first ??= record;
    if (hasMore) break;
  }
  if (first === undefined || 'reason' in first)
    throw notValid(path, `the header cannot be read: ${first?.reason ?? 'there is none'}`);
  const header = first.cells.map((cell) => fieldOfHeader(cell, form.named));
  checkHeader(path, first.cells, header, form.delimiter);
  if (!hasMore) throw notValid(path, 'has a header and no line after it');
  return header;
}

const isIdentifier = (header: string): boolean =>
  (identityFields as readonly string[]).includes(fieldOfHeader(header).name);

function checkHeader(
  path: string,
  cells: readonly string[],
  header: readonly FieldOfHeader[],
  delimiter: string,
): void {
  if (!header.some(({ name }) => isIdentifier(name))) {
    const fitting = delimiters.find(
      (one) => one !== delimiter && cells.join(delimiter).split(one).some(isIdentifier),
    );
    if (fitting !== undefined)
      throw notValid(
        path,
        `the delimiter is not ${JSON.stringify(delimiter)} but ${JSON.stringify(fitting)}: say --delimiter`,
      );
    throw notValid(
      path,
      `the header has none of ${identityFields.join(', ')}; name the identifier’s column so, or say --map HEADER=email`,
    );
  }
  const nameless = header.findIndex(({ name }) => name === '');
  if (nameless !== -1) throw notValid(path, `cell ${nameless + 1} of the header has no name`);
  const twice = header.find(({ name }, index) => header.findIndex((one) => one.name === name) !== index);
  if (twice !== undefined) throw notValid(path, `the header names "${twice.name}" twice`);
}

async function* readCsv(
  lines: FileLines,
  delimiter: string,
  header: readonly FieldOfHeader[],
  fields: ReadonlyMap<string, Kind>,
): AsyncGenerator<LineOfFile> {
  const shape = (records: number) => ({ delimiter, cells: records === 0 ? undefined : header.length });
  let isHeader = true;
  for await (const record of readCsvRecords(lines.batches, shape)) {
    if (isHeader) isHeader = false;
    else if ('reason' in record) yield { line: record.line, person: { reason: record.reason } };
    else
      yield {
        line: record.line,
        person: readPerson(
          Object.fromEntries(header.map(({ name }, cell) => [name, record.cells[cell]])),
          fields,
        ),
      };
  }
}

async function* readJsonLines(
  lines: FileLines,
  fields: Map<string, Kind>,
  named: FieldNames | undefined,
): AsyncGenerator<LineOfFile> {
  for await (const batch of lines.batches)
    for (const line of batch)
      if (line.text?.trim() !== '') yield { line: line.line, person: readJson(line, fields, named) };
}

/** JSON.parse, but a whole number too great for a double stays the text that was written: ids are such. */
function parseExactly(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? context?.source
      : value,
  );
}

function readJson({ text }: FileLine, fields: Map<string, Kind>, named: FieldNames | undefined): Person {
  if (text === undefined) return { reason: 'the line is longer than 1 MB' };
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch {
    return { reason: 'the line is no JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { reason: 'the line is no JSON object' };
  const values = Object.entries(value).map(
    ([key, one]) => [fieldOfHeader(key, named), one as unknown] as const,
  );
  if (values.some(([{ name }]) => name === '' || /[\0\uFFFD]/.test(name) || !name.isWellFormed()))
    return { reason: 'a field has no name that can be stored' };
  const news = new Map<string, Kind>();
  for (const [{ name, kind }, one] of values) {
    const seen = kind ?? kindOfJson(one);
    if (seen !== undefined && isValue(one) && !fields.has(name)) news.set(name, seen);
  }
  const person = readPerson(
    Object.fromEntries(values.map(([{ name }, one]) => [name, one])),
    news.size === 0 ? fields : new Map([...fields, ...news]),
  );
  // A line that is set aside decides no field's kind.
  if ('profile' in person) for (const [name, kind] of news) fields.set(name, kind);
  return person;
}
