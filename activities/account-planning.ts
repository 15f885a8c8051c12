/**
 * Holds a job's configuration against the account as it is now: reads what the account and the store have,
 * and leaves the judging to export-planning.ts. Reads only: the client's plan and the job's check both use it.
 */
import { sameName } from '../jobs/column-name.ts';
import type { ExportAudienceConfiguration } from '../jobs/export-audience.ts';
import type { Responsys } from '../systems/responsys/index.ts';
import { findAudience, summariseAudiences } from '../systems/store/audiences.ts';
import type { Audience } from '../systems/store/audiences.ts';
import type { Database } from '../systems/store/database.ts';
import { accountWarning } from '../systems/store/event-accounts.ts';
import { readUserFields } from '../systems/store/user-fields.ts';
import { planExport } from './export-planning.ts';
import type { Planning } from './export-planning.ts';

export interface Planned {
  readonly jobId: string;
  readonly configuration: ExportAudienceConfiguration;
  readonly source: Audience;
  readonly exported: readonly Audience[];
}

export async function planAgainstAccount(
  store: Database,
  responsys: Pick<Responsys, 'lists' | 'extensionTables'>,
  { jobId, configuration, source, exported }: Planned,
  signal?: AbortSignal,
): Promise<Planning> {
  const lists = await responsys.lists(signal);
  const list = lists.find((one) => sameName(one.name, configuration.list));
  const tables = list === undefined ? [] : await responsys.extensionTables(list.name, signal);
  const userFields = await readUserFields(store);
  const planning = planExport(configuration, jobId, { lists, tables }, userFields, source, exported);
  const warning = await accountWarning(store, configuration.authorization);
  if (warning === undefined) return planning;
  return { ...planning, plan: { ...planning.plan, warnings: [...planning.plan.warnings, warning] } };
}

type Named = Pick<ExportAudienceConfiguration, 'audience' | 'exportAudienceMemberships'>;

export interface NamedAudiences {
  /** Undefined where there is none of that name. */
  readonly source: Audience | undefined;
  readonly exported: readonly Audience[];
  /** One for each name that no audience has, in the reader's words. */
  readonly faults: readonly string[];
}

/** The audiences that a configuration names. */
export async function findNamedAudiences(
  store: Database,
  { audience, exportAudienceMemberships }: Named,
): Promise<NamedAudiences> {
  const { found, faults } = await findAudiences(store, [
    { field: 'audience', name: audience },
    ...exportAudienceMemberships.map((name) => ({ field: 'exportAudienceMemberships', name })),
  ]);
  return {
    source: found.find(({ name }) => name === audience),
    exported: exportAudienceMemberships.flatMap((name) => found.find((one) => one.name === name) ?? []),
    faults,
  };
}

/** Audiences by name, each named by a field of a job's file. @returns those that are there, once each */
export async function findAudiences(
  store: Database,
  named: readonly { readonly field: string; readonly name: string }[],
): Promise<{ readonly found: readonly Audience[]; readonly faults: readonly string[] }> {
  const missing: string[] = [];
  const found = new Map<string, Audience>();
  for (const { field, name } of named) {
    const audience = found.get(name) ?? (await findAudience(store, name));
    if (audience === undefined) missing.push(`${field}: there is no audience "${name}"`);
    else found.set(name, audience);
  }
  if (missing.length === 0) return { found: [...found.values()], faults: [] };
  const names = (await summariseAudiences(store)).map((one) => `"${one.name}"`).join(', ');
  const there = names === '' ? 'there are none yet: see "audiences import"' : `there are ${names}`;
  return { found: [...found.values()], faults: missing.map((fault) => `${fault}; ${there}`) };
}
