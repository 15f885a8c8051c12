/**
 * Reads a file of people, CSV or JSON lines, as a stream: memory stays flat with its size. A line that
 * cannot be read is told with its number, and never stops the file.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { CsvError, parse } from 'csv-parse';
import { notValid } from '../../jobs/errors.ts';
import type { Kind } from '../../jobs/user-fields.ts';
import { identityFields } from '../../systems/store/identities.ts';
import { fieldOfHeader, kindOfJson, readPerson } from './person.ts';
import type { FieldOfHeader, Person } from './person.ts';

export interface LineOfFile {
  /** Of the file, from 1. */
  readonly line: number;
  readonly person: Person;
}

export interface PeopleFile {
  readonly bytes: number;
  /** User fields that the file brings, as far as they are known: all of a CSV's, those seen of JSON's. */
  readonly fields: ReadonlyMap<string, Kind>;
  readonly lines: AsyncIterable<LineOfFile>;
  /** Bytes read so far. */
  bytesRead(): number;
}

const longestLine = 1_000_000;
const delimiters = [',', ';', '\t', '|'] as const;

/**
 * @param known kinds of the fields that the store has already: they win over the file's
 * @throws ExpectedError INPUT_NOT_VALID when the file is missing, empty, or has no identifier in its header
 */
export async function openPeopleFile(
  path: string,
  delimiter: string,
  known: ReadonlyMap<string, Kind>,
): Promise<PeopleFile> {
  const bytes = await sizeOf(path);
  const first = await firstLine(path);
  if (first.trim() === '') throw notValid(path, 'is empty; expected a header, or JSON lines');
  const stream = createReadStream(path);
  const bytesRead = (): number => stream.bytesRead;
  if (first.trimStart().startsWith('{')) {
    const fields = new Map(known);
    return { bytes, bytesRead, fields, lines: readJsonLines(stream, fields) };
  }
  const header = first.split(delimiter).map((cell) => fieldOfHeader(unquote(cell)));
  checkHeader(path, first, header, delimiter);
  const fields = new Map(header.map(({ name, kind }) => [name, known.get(name) ?? kind]));
  return { bytes, bytesRead, fields, lines: readCsv(stream, delimiter, header, fields) };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    throw notValid(path, 'there is no such file');
  }
}

async function firstLine(path: string): Promise<string> {
  const input = createReadStream(path, { end: longestLine });
  const lines = createInterface({ input, crlfDelay: Infinity });
  for await (const line of lines) {
    lines.close();
    input.destroy();
    return line.replace(/^\uFEFF/, '');
  }
  return '';
}

const unquote = (cell: string): string =>
  cell
    .trim()
    .replace(/^"(.*)"$/s, '$1')
    .replaceAll('""', '"');

function checkHeader(path: string, first: string, header: readonly FieldOfHeader[], delimiter: string): void {
  const named = new Set(header.map(({ name }) => name));
  if (identityFields.some((field) => named.has(field))) {
    const twice = header.find(({ name }, index) => header.findIndex((one) => one.name === name) !== index);
    if (twice !== undefined) throw notValid(path, `the header names "${twice.name}" twice`);
    return;
  }
  const fitting = delimiters.find(
    (one) =>
      one !== delimiter &&
      first
        .split(one)
        .some((cell) => (identityFields as readonly string[]).includes(fieldOfHeader(unquote(cell)).name)),
  );
  if (fitting !== undefined)
    throw notValid(
      path,
      `the delimiter is not ${JSON.stringify(delimiter)} but ${JSON.stringify(fitting)}: say --delimiter`,
    );
  throw notValid(
    path,
    `the header has none of ${identityFields.join(', ')}; name the identifier’s column so`,
  );
}

async function* readJsonLines(
  stream: NodeJS.ReadableStream,
  fields: Map<string, Kind>,
): AsyncGenerator<LineOfFile> {
  let line = 0;
  for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() === '') continue;
    yield {
      line,
      person: text.length > longestLine ? { reason: 'the line is longer than 1 MB' } : readJson(text, fields),
    };
  }
}

function readJson(text: string, fields: Map<string, Kind>): Person {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return { reason: 'the line is no JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { reason: 'the line is no JSON object' };
  for (const [name, one] of Object.entries(value)) {
    const kind = kindOfJson(one);
    if (kind !== undefined && !fields.has(name)) fields.set(name, kind);
  }
  return readPerson(value as Readonly<Record<string, unknown>>, fields);
}

async function* readCsv(
  stream: NodeJS.ReadableStream,
  delimiter: string,
  header: readonly FieldOfHeader[],
  fields: ReadonlyMap<string, Kind>,
): AsyncGenerator<LineOfFile> {
  const skipped: LineOfFile[] = [];
  const parser = stream.pipe(
    parse({
      bom: true,
      delimiter,
      from: 2,
      info: true,
      max_record_size: longestLine,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      on_skip: (error) => {
        if (error instanceof CsvError)
          skipped.push({
            line: Number(error['lines'] ?? 0),
            person: { reason: `the line cannot be read (${error.code})` },
          });
      },
    }),
  );
  for await (const { record, info } of parser as AsyncIterable<{
    record: string[];
    info: { lines: number };
  }>) {
    yield* skipped.splice(0);
    const person: Person =
      record.length === header.length
        ? readPerson(Object.fromEntries(header.map(({ name }, cell) => [name, record[cell]])), fields)
        : { reason: `the line has ${record.length} cells, the header ${header.length}` };
    yield { line: info.lines, person };
  }
  yield* skipped;
}
