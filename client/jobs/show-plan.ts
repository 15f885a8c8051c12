/**
 * A plan as people and scripts read it. Values of people are masked before they come here.
 */
import type { MaskedRequest } from '../../activities/delivery/rehearse.ts';
import type { ExportAudienceConfiguration } from '../../jobs/export-audience.ts';
import type { ExportPlan } from '../../jobs/export-plan.ts';
import type { Output } from '../output.ts';
import type { JobPlan, Pace } from './plan.ts';

type Settled = NonNullable<JobPlan['settled']>;

/** Records of a body that people are shown; scripts get them all. */
const shownRecords = 2;

export function showPlan(output: Output, configuration: ExportAudienceConfiguration, planned: JobPlan): void {
  const { job, faults, warnings, settled } = planned;
  output.result({
    label: planned.label,
    job: job === undefined ? null : { id: job.id, state: job.state },
    faults,
    warnings,
    ...(settled === undefined
      ? {}
      : {
          tablesToMake: settled.newTables,
          columns: columnsOf(settled.plan),
          audiences: settled.audiences,
          members: settled.rehearsal.members,
          optedOut: settled.rehearsal.optedOut,
          told: settled.rehearsal.told,
          requests: settled.rehearsal.requests,
          pace: settled.pace,
          minutes: minutesOf(settled.pace),
          bodies: settled.rehearsal.bodies,
        }),
  });
  output.table(['checked', 'as written', ''], checksOf(configuration, faults, settled !== undefined));
  for (const warning of warnings) output.line(`Note: ${warning}`);
  if (settled !== undefined) showSettled(output, settled);
  output.line();
  output.line('Nothing was sent.');
}

function showSettled(output: Output, settled: Settled): void {
  const { newTables, audiences, rehearsal, pace } = settled;
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
  output.table(
    ['table', 'what', 'column', 'type'],
    columnsOf(settled.plan).map((one) => [one.table, nameOf(one, audiences), one.column, one.type]),
  );
  output.line();
  output.table(
    ['members', ''],
    [
      [rehearsal.members, 'in the source audience now'],
      [rehearsal.optedOut, 'of them opted out: in requests of their own, with OPTOUT'],
      ...rehearsal.told.map(({ members, words }) => [members, words]),
    ],
  );
  output.line();
  output.table(
    ['requests', 'function', 'a minute', 'at least, in minutes'],
    pace.map((one) => [
      one.requests,
      one.function,
      `${one.callsPerMinute}${one.assumed ? ' (assumed)' : ''}`,
      one.minutes,
    ]),
  );
  output.line(`The first scan takes at least ${minutesOf(pace)} minutes.`);
  rehearsal.bodies.forEach((request, index) => {
    output.line();
    output.line(
      `Body ${index + 1}: ${request.method} ${decodeURIComponent(request.path)}, ${request.rows} rows, values masked` +
        (request.path.includes('/listExtensions/') ? '; RIID_ as the list will answer it' : ''),
    );
    output.line(shortened(request));
  });
}

/** Functions have their allowances side by side. */
const minutesOf = (pace: readonly Pace[]): number => Math.max(0, ...pace.map(({ minutes }) => minutes));

interface ShownColumn {
  readonly table: string;
  readonly field: string;
  readonly column: string;
  readonly type: string;
}

/** Which column takes what. */
function columnsOf(plan: ExportPlan): readonly ShownColumn[] {
  const { list, idMappings, fields, memberships } = plan;
  return [
    ...idMappings.map(({ field, column }) => ({ table: list, field, column, type: '' })),
    ...(fields?.columns ?? []).map(({ field, column, type }) => ({
      table: fields?.name ?? '',
      field,
      column,
      type,
    })),
    ...(memberships?.columns ?? []).map(({ column }) => ({
      table: memberships?.name ?? '',
      field: '',
      column,
      type: '1 or 0',
    })),
  ];
}

function nameOf(
  { field, column }: ShownColumn,
  audiences: readonly { readonly name: string; readonly column: string }[],
): string {
  if (field !== '') return field;
  return audiences.find((audience) => audience.column === column)?.name ?? '';
}

const checked = [
  'authorization',
  'audience',
  'list',
  'idMappings',
  'additionalFields',
  'fieldsTable',
  'exportAudienceMemberships',
  'membershipsTable',
] as const satisfies readonly (keyof ExportAudienceConfiguration)[];

/** One line a field; a fault that belongs to no field of them has a line of its own. */
function checksOf(
  configuration: ExportAudienceConfiguration,
  faults: readonly string[],
  isWhole: boolean,
): readonly (readonly string[])[] {
  const rows = checked.map((field) => {
    const own = faults.filter((fault) => fault.startsWith(`${field}: `));
    const words = own.map((fault) => fault.slice(field.length + 2)).join('\n');
    const value = configuration[field];
    const written =
      value === undefined
        ? '–'
        : typeof value === 'string'
          ? value
          : Object.entries(value).map(pair).join(', ');
    return [
      field,
      written === '' ? '–' : written,
      words === '' ? (isWhole ? 'fits' : 'nothing found') : words,
    ];
  });
  const others = faults.filter((fault) => !checked.some((field) => fault.startsWith(`${field}: `)));
  return [...rows, ...others.map((fault) => ['', '', fault])];
}

/** An entry of a mapping, or of a list, whose keys are numbers. */
const pair = ([key, value]: [string, string]): string => (/^\d+$/.test(key) ? value : `${key} → ${value}`);

/** As JSON, with the first records only. */
function shortened({ body, rows }: MaskedRequest): string {
  const { recordData, ...rest } = body as { recordData: { records: readonly unknown[] } };
  const more = `… ${rows - shownRecords} more`;
  const records = [...recordData.records.slice(0, shownRecords), ...(rows > shownRecords ? [more] : [])];
  return JSON.stringify({ recordData: { ...recordData, records }, ...rest }).replace(`"${more}"`, more);
}
