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
import { askFor, defaultScanPageMembers, scannedFields } from './asking.ts';
import { isOptedOut } from './consent.ts';
import { deliver } from './deliver.ts';
import type { DeliverySettings } from './deliver.ts';
import { isMergeBody, maskBody } from './mask.ts';

/** Bodies that are shown: the first to each target, then the next ones. */
const shownBodies = 3;

export interface MaskedRequest {
  readonly method: string;
  readonly path: string;
  readonly rows: number;
  /** As it would be sent, each value masked. */
  readonly body: unknown;
}

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
  const memberships = new Set(plan.memberships?.columns.map(({ column }) => column));
  const requests: Record<Target, number> = { list: 0, fields: 0, memberships: 0 };
  const told = new Map<string, number>();
  let members = 0;
  let optedOut = 0;
  const firsts = new Map<string, MaskedRequest>();
  const others: MaskedRequest[] = [];
  const merges = rehearseMerges(({ method, path, rows = 0, body }) => {
    const isFirst = !firsts.has(path);
    if ((!isFirst && others.length >= shownBodies) || !isMergeBody(body)) return;
    const isOfMemberships = plan.memberships !== null && path.includes(`/${plan.memberships.name}/`);
    const masked = maskBody(body, isOfMemberships ? memberships : new Set());
    if (isFirst) firsts.set(path, { method, path, rows, body: masked });
    else others.push({ method, path, rows, body: masked });
  });
  const never = new AbortController().signal;
  const noRecords = () => Promise.resolve([]);

  await walkMembers(
    store,
    plan.sourceAudienceId,
    scannedFields(plan),
    defaultScanPageMembers,
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
    bodies: [...firsts.values(), ...others].slice(0, shownBodies),
  };
}
