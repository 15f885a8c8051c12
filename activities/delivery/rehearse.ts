/**
 * A scan without sending: every member goes through the same code as in a send, against merges that go
 * nowhere. What it counts is what a scan that began now would do, as far as Responsys takes every row.
 */
import type { ExportPlan } from '../../jobs/export-plan.ts';
import { rehearseMerges } from '../../systems/responsys/index.ts';
import type { Pool } from '../../systems/store/database.ts';
import type { Target } from '../../systems/store/ledger.ts';
import { readMembersNow } from '../../systems/store/members.ts';
import { walkMembers } from '../../systems/store/scans.ts';
import { askFor, scanPagesOf, scannedFields } from './asking.ts';
import { isOptedOut } from './consent.ts';
import { deliver } from './deliver.ts';
import type { DeliverySettings } from './deliver.ts';
import { firstBodies } from './first-bodies.ts';
import type { MaskedRequest } from './first-bodies.ts';

export interface Rehearsal {
  readonly members: number;
  /** They go in requests of their own, with OPTOUT. */
  readonly optedOut: number;
  /** Members that are not sent, or not whole, by our own words, which hold names of columns and no value. */
  readonly told: readonly { readonly words: string; readonly members: number }[];
  readonly requests: Readonly<Record<Target, number>>;
  readonly bodies: readonly MaskedRequest[];
}

export async function rehearseScan(
  store: Pool,
  plan: ExportPlan,
  settings: DeliverySettings,
): Promise<Rehearsal> {
  const requests: Record<Target, number> = { list: 0, fields: 0, memberships: 0 };
  const told = new Map<string, number>();
  let members = 0;
  let optedOut = 0;
  const columns = new Set(plan.memberships?.columns.map(({ column }) => column));
  // Of the memberships table alone: `1` and `0` name nobody.
  const bodies = firstBodies(
    plan.memberships === null ? new Map() : new Map([[`/${plan.memberships.name}/`, columns]]),
  );
  const merges = rehearseMerges(bodies.note);
  const never = new AbortController().signal;
  const noRecords = () => Promise.resolve([]);

  await walkMembers(
    store,
    plan.sourceAudienceId,
    scannedFields(plan),
    scanPagesOf(plan).pageMembers,
    async (ids) => {
      const page = await readMembersNow(store, askFor(plan, ids));
      const { lines, requests: made } = await deliver(merges, plan, settings, page, noRecords, never);
      members += page.length;
      optedOut += page.filter(({ fields }) => isOptedOut(fields)).length;
      for (const { target } of made) requests[target] += 1;
      for (const { words } of lines.flatMap(({ reasons }) => reasons))
        told.set(words, (told.get(words) ?? 0) + 1);
    },
  );
  return {
    members,
    optedOut,
    told: [...told].map(([words, count]) => ({ words, members: count })),
    requests,
    bodies: bodies.shown(),
  };
}
