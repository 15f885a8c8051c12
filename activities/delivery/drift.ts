/**
 * What Responsys should hold of a member that was accepted, and where what it holds differs. Pure.
 */
import type { ExportPlan } from '../../jobs/export-plan.ts';
import type { MemberNow } from '../../systems/store/members.ts';
import type { Target } from '../../systems/store/ledger.ts';
import { cellOf } from './cells.ts';
import { isOptedOut } from './consent.ts';
import { listRow } from './list-rows.ts';

export interface Drift {
  readonly profileId: string;
  readonly kind: 'missing' | 'identifier' | 'membership' | 'field' | 'consent';
  readonly target: Target;
  /** '' where the whole record is missing. */
  readonly column: string;
  readonly expected: string;
  readonly found: string;
}

/** The records of one member, as they were read; undefined where there is none. */
export interface Held {
  readonly list: ReadonlyMap<string, string> | undefined;
  readonly fields: ReadonlyMap<string, string> | undefined;
  readonly memberships: ReadonlyMap<string, string> | undefined;
}

export const permissionColumn = 'EMAIL_PERMISSION_STATUS_';

export function driftOf(member: MemberNow, plan: ExportPlan, held: Held): readonly Drift[] {
  const { profileId } = member;
  if (held.list === undefined)
    return [{ profileId, kind: 'missing', target: 'list', column: '', expected: 'a record', found: 'none' }];
  return [
    ...identifierDrift(member, plan, held.list),
    ...consentDrift(member, held.list),
    ...fieldDrift(member, plan, held.fields),
    ...membershipDrift(member, plan, held.memberships),
  ];
}

function identifierDrift(member: MemberNow, plan: ExportPlan, list: ReadonlyMap<string, string>): Drift[] {
  const made = listRow(member, plan);
  if ('rejected' in made) return [];
  const { profileId } = member;
  return Object.entries(made.row.cells).flatMap(([column, expected]): Drift[] => {
    const found = list.get(column) ?? '';
    // Addresses and hashes are the same in either case.
    if (found.trim().toLowerCase() === expected.toLowerCase()) return [];
    return [{ profileId, kind: 'identifier', target: 'list', column, expected, found }];
  });
}

function consentDrift(member: MemberNow, list: ReadonlyMap<string, string>): Drift[] {
  const found = list.get(permissionColumn) ?? '';
  if (found !== 'I' || !isOptedOut(member.fields)) return [];
  const { profileId } = member;
  return [{ profileId, kind: 'consent', target: 'list', column: permissionColumn, expected: 'O', found }];
}

function fieldDrift(
  member: MemberNow,
  plan: ExportPlan,
  row: ReadonlyMap<string, string> | undefined,
): Drift[] {
  // Fields of those who left are not sent.
  if (plan.fields === null || member.inSource !== true) return [];
  const { profileId } = member;
  const sent = plan.fields.columns.flatMap(({ field, kind, column, type }) => {
    const value = member.fields[field];
    const cell = value === undefined ? undefined : cellOf(value, kind, type);
    return cell !== undefined && 'text' in cell ? [{ column, type, expected: cell.text }] : [];
  });
  if (sent.length > 0 && row === undefined) return [missingRow(profileId, 'fields')];
  return sent.flatMap(({ column, type, expected }): Drift[] => {
    const found = row?.get(column.toUpperCase()) ?? '';
    if (isSame(expected, found, type)) return [];
    return [{ profileId, kind: 'field', target: 'fields', column, expected, found }];
  });
}

function membershipDrift(
  member: MemberNow,
  plan: ExportPlan,
  row: ReadonlyMap<string, string> | undefined,
): Drift[] {
  if (plan.memberships === null) return [];
  const { profileId } = member;
  if (row === undefined) return [missingRow(profileId, 'memberships')];
  return plan.memberships.columns.flatMap(({ audienceId, column }): Drift[] => {
    const expected = member.audienceIds.has(audienceId) ? '1' : '0';
    const found = row.get(column.toUpperCase()) ?? '';
    if (found === expected) return [];
    return [{ profileId, kind: 'membership', target: 'memberships', column, expected, found }];
  });
}

const missingRow = (profileId: string, target: 'fields' | 'memberships'): Drift => ({
  profileId,
  kind: 'missing',
  target,
  column: '',
  expected: 'a row',
  found: 'none',
});

/** Numbers and times may come back written otherwise. */
function isSame(expected: string, found: string, columnType: string): boolean {
  if (expected === found) return true;
  const type = columnType.toUpperCase();
  if (found.trim() === '') return false;
  if (type === 'INTEGER' || type === 'NUMBER') return Number(expected) === Number(found);
  return type === 'TIMESTAMP' && Date.parse(expected) === Date.parse(found);
}
