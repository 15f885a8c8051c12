/**
 * A plan as people and scripts read it. Values of people are masked before they come here.
 */
import type { ExportAudienceConfiguration } from '../../jobs/export-audience.ts';
import type { ExportPlan } from '../../jobs/export-plan.ts';
import type { Output } from '../output.ts';
import { minutesOf, showPace } from '../kinds/pace.ts';
import { shortenedMerge, showBodies, showChecks, showTablesToMake } from '../kinds/show-plan.ts';
import type { JobPlan } from './plan.ts';

type Settled = NonNullable<JobPlan['settled']>;

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
  showChecks(output, checked, configuration, faults, settled !== undefined);
  for (const warning of warnings) output.line(`Note: ${warning}`);
  if (settled !== undefined) showSettled(output, settled);
  output.line();
  output.line('Nothing was sent.');
}

function showSettled(output: Output, settled: Settled): void {
  const { newTables, audiences, rehearsal, pace } = settled;
  showTablesToMake(output, newTables);
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
  showPace(output, pace);
  output.line(`The first scan takes at least ${minutesOf(pace)} minutes.`);
  showBodies(output, rehearsal.bodies, shortenedMerge);
}

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
