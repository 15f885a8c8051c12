/**
 * Which rows of the profile list stand for which members. A member that cannot be found or made in the list
 * is rejected here, by reason, before anything is sent.
 */
import { createHash } from 'node:crypto';
import type { IdentifierColumn } from '../../jobs/export-audience.ts';
import type { ExportPlan } from '../../jobs/export-plan.ts';
import type { Reason } from '../../systems/store/ledger.ts';
import type { MemberNow } from '../../systems/store/members.ts';
import { isOptedOut } from './consent.ts';

export interface ListRow {
  readonly member: MemberNow;
  readonly change: 'enter' | 'exit';
  readonly cells: Readonly<Partial<Record<IdentifierColumn, string>>>;
  /** The member's profile says opted out: it goes in a request of its own. */
  readonly optedOut: boolean;
}

export type ListRowOrReason = { readonly row: ListRow } | { readonly rejected: Reason };

/** @param member of the source audience, now or once */
export function listRow(member: MemberNow, plan: ExportPlan): ListRowOrReason {
  const cells: Partial<Record<IdentifierColumn, string>> = {};
  for (const { field, column } of plan.idMappings) {
    const value = member.fields[field];
    const text = value === undefined || typeof value === 'object' ? '' : String(value).trim();
    if (text !== '') cells[column] = column.endsWith('_HASH_') ? hashCell(column, text) : text;
  }
  for (const column of plan.matchColumns) {
    if (cells[column] === undefined) {
      const words = `The member has no value for the match column ${column}.`;
      return { rejected: { target: 'list', code: 'no-match-value', words } };
    }
  }
  return {
    row: {
      member,
      change: member.inSource === true ? 'enter' : 'exit',
      cells,
      optedOut: isOptedOut(member.fields),
    },
  };
}

/** A hash as it is, when the value is one already; else made of the value trimmed, lower-cased, in UTF-8. */
function hashCell(column: string, value: string): string {
  const [algorithm, digits] =
    column === 'EMAIL_MD5_HASH_' ? (['md5', 32] as const) : (['sha256', 64] as const);
  if (new RegExp(`^[0-9a-f]{${digits}}$`, 'i').test(value)) return value;
  return createHash(algorithm).update(value.toLowerCase(), 'utf8').digest('hex');
}
