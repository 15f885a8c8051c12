/**
 * Holds a job's configuration against the account as it is now: reads what the account and the store have,
 * and leaves the judging to export-planning.ts. Reads only: the client's plan and the job's check both use it.
 */
import type { ExportAudienceConfiguration } from '../jobs/export-audience.ts';
import type { Responsys } from '../systems/responsys/index.ts';
import { findAudience, summariseAudiences } from '../systems/store/audiences.ts';
import type { Audience } from '../systems/store/audiences.ts';
import type { Database } from '../systems/store/database.ts';
import { accountWarning } from '../systems/store/event-accounts.ts';
import { readUserFields } from '../systems/store/user-fields.ts';
import { planExport, sameName } from './export-planning.ts';
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
  configuration: Pick<ExportAudienceConfiguration, 'audience' | 'exportAudienceMemberships'>,
): Promise<NamedAudiences> {
  const missing: string[] = [];
  const find = async (field: string, name: string): Promise<Audience | undefined> => {
    const found = await findAudience(store, name);
    if (found === undefined) missing.push(`${field}: there is no audience "${name}"`);
    return found;
  };
  const source = await find('audience', configuration.audience);
  const exported: Audience[] = [];
  for (const name of configuration.exportAudienceMemberships) {
    const found = await find('exportAudienceMemberships', name);
    if (found !== undefined) exported.push(found);
  }
  if (missing.length === 0) return { source, exported, faults: [] };
  const names = (await summariseAudiences(store)).map((one) => `"${one.name}"`).join(', ');
  const there = names === '' ? 'there are none yet: see "audiences import"' : `there are ${names}`;
  return { source, exported, faults: missing.map((fault) => `${fault}; ${there}`) };
}
