/**
 * The parts that plans of exports have in common, as people read them: checks, tables to be made, bodies.
 */
import type { MaskedRequest } from '../../activities/delivery/first-bodies.ts';
import type { NewTable } from '../../jobs/export-plan.ts';
import type { Output } from '../output.ts';

/**
 * One line a field; a fault that belongs to no field of them has a line of its own.
 * @param isWhole whether all was looked at
 */
export function showChecks<Field extends string>(
  output: Output,
  fields: readonly Field[],
  configuration: Readonly<Partial<Record<Field, string | object | undefined>>>,
  faults: readonly string[],
  isWhole: boolean,
): void {
  const rows = fields.map((field) => {
    const own = faults.filter((fault) => fault.startsWith(`${field}: `));
    const words = own.map((fault) => fault.slice(field.length + 2)).join('\n');
    return [
      field,
      asWritten(configuration[field]),
      words === '' ? (isWhole ? 'fits' : 'nothing found') : words,
    ];
  });
  const others = faults.filter((fault) => !fields.some((field) => fault.startsWith(`${field}: `)));
  output.table(['checked', 'as written', ''], [...rows, ...others.map((fault) => ['', '', fault])]);
}

function asWritten(value: string | object | undefined): string {
  const written =
    value === undefined ? '' : typeof value === 'string' ? value : Object.entries(value).map(pair).join(', ');
  return written === '' ? '–' : written;
}

/** An entry of a mapping, or of a list, whose keys are numbers. */
const pair = ([key, value]: [string, unknown]): string =>
  /^\d+$/.test(key) ? String(value) : `${key} → ${String(value)}`;

export function showTablesToMake(output: Output, newTables: readonly NewTable[]): void {
  output.line();
  if (newTables.length === 0) output.line('No table has to be made.');
  for (const table of newTables) {
    output.line(`To be made: the table ${table.name} in the folder ${table.folder}`);
    output.table(
      ['  column', 'type'],
      table.fields.map((field) => [`  ${field.name}`, field.type]),
    );
  }
  output.line();
}

/** @param shortened the body as JSON, with its first records only */
export function showBodies(
  output: Output,
  bodies: readonly MaskedRequest[],
  shortened: (request: MaskedRequest) => string,
): void {
  bodies.forEach((request, index) => {
    output.line();
    output.line(
      `Body ${index + 1}: ${request.method} ${decodeURIComponent(request.path)}, ${request.rows} rows, values masked` +
        (request.path.includes('/lists/') && !request.path.includes('/listExtensions/')
          ? ''
          : '; RIID_ as the list will answer it'),
    );
    output.line(shortened(request));
  });
}

/** Records of a body that people are shown; scripts get them all. */
const shownRecords = 2;

/** As JSON, with the first records only. */
export function shortenedMerge({ body, rows }: MaskedRequest): string {
  const { recordData, ...rest } = body as { recordData: { records: readonly unknown[] } };
  const more = `… ${rows - shownRecords} more`;
  const records = [...recordData.records.slice(0, shownRecords), ...(rows > shownRecords ? [more] : [])];
  return JSON.stringify({ recordData: { ...recordData, records }, ...rest }).replace(`"${more}"`, more);
}
