/**
 * Holds a sample of a job's accepted members against what Responsys has of them. Reads only, on both sides.
 */
import type { IdentifierColumn } from '../jobs/export-audience.ts';
import type { ExportPlan } from '../jobs/export-plan.ts';
import type { ReadRecord, Responsys } from '../systems/responsys/index.ts';
import type { Pool } from '../systems/store/database.ts';
import { readMembersNow } from '../systems/store/members.ts';
import type { MemberNow } from '../systems/store/members.ts';
import { sampleAccepted } from '../systems/store/samples.ts';
import { askFor } from './delivery/asking.ts';
import { driftOf, permissionColumn } from './delivery/drift.ts';
import type { Drift } from './delivery/drift.ts';
import { listRow } from './delivery/list-rows.ts';

export interface Verification {
  readonly compared: number;
  /** Changed after their last send, so that what Responsys has of them is yet to be replaced. */
  readonly changedSince: number;
  readonly drifts: readonly Drift[];
}

interface Sampled {
  readonly member: MemberNow;
  readonly riid: string | null;
}

export async function verifyMembers(
  store: Pool,
  responsys: Responsys,
  job: { readonly id: string; readonly plan: ExportPlan },
  count: number,
): Promise<Verification> {
  const { plan } = job;
  const sample = new Map((await sampleAccepted(store, job.id, count)).map((one) => [one.profileId, one]));
  const members = await readMembersNow(store, askFor(plan, [...sample.keys()]));
  const sampled = members.flatMap((member): Sampled[] => {
    const last = sample.get(member.profileId);
    return last?.changeNo === member.changeNo ? [{ member, riid: last.riid }] : [];
  });
  const inList = await readListOf(responsys, plan, sampled);
  const riids = [...inList.values()].map((record) => record.get('RIID_') ?? '').filter((riid) => riid !== '');
  const rowsOf = async (
    table: { readonly name: string; readonly columns: readonly { readonly column: string }[] } | null,
  ): Promise<ReadonlyMap<string, ReadRecord>> => {
    if (table === null || riids.length === 0) return new Map();
    const columns = ['RIID_', ...table.columns.map(({ column }) => column)];
    const rows = await responsys.readTableMembers(plan.list, table.name, {
      by: 'RIID_',
      ids: riids,
      columns,
    });
    return new Map(rows.map((row) => [row.get('RIID_') ?? '', row]));
  };
  const fields = await rowsOf(plan.fields);
  const memberships = await rowsOf(plan.memberships);
  const drifts = sampled.flatMap(({ member }) => {
    const list = inList.get(member.profileId);
    const riid = list?.get('RIID_') ?? '';
    return driftOf(member, plan, { list, fields: fields.get(riid), memberships: memberships.get(riid) });
  });
  return { compared: sampled.length, changedSince: sample.size - sampled.length, drifts };
}

/** The list's records by profile: found by their RIID where it is known, else by match column 1. */
async function readListOf(
  responsys: Responsys,
  plan: ExportPlan,
  sampled: readonly Sampled[],
): Promise<ReadonlyMap<string, ReadRecord>> {
  const columns = [
    ...new Set([
      'RIID_',
      ...plan.idMappings.map(({ column }) => column),
      ...plan.matchColumns,
      permissionColumn,
    ]),
  ];
  const [matchColumn = 'EMAIL_ADDRESS_'] = plan.matchColumns;
  const idOf = ({ member, riid }: Sampled): readonly [IdentifierColumn, string] => {
    if (riid !== null) return ['RIID_', riid];
    const made = listRow(member, plan);
    return [matchColumn, 'row' in made ? (made.row.cells[matchColumn] ?? '') : ''];
  };
  const found = new Map<string, ReadRecord>();
  for (const by of new Set<IdentifierColumn>(['RIID_', matchColumn])) {
    const some = sampled.flatMap((one) => {
      const [column, id] = idOf(one);
      return column === by && id !== '' ? [{ profileId: one.member.profileId, id }] : [];
    });
    if (some.length === 0) continue;
    const ids = [...new Set(some.map(({ id }) => id))];
    const records = await responsys.readListMembers(plan.list, { by, ids, columns });
    const byId = new Map(records.map((record) => [(record.get(by) ?? '').toLowerCase(), record]));
    for (const { profileId, id } of some) {
      const record = byId.get(id.toLowerCase());
      if (record !== undefined) found.set(profileId, record);
    }
  }
  return found;
}
