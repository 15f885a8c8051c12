/**
 * What is asked of the store about members, by a job's plan; the same for a send, for its rehearsal, and for a
 * comparison with what was sent.
 */
import type { ExportPlan } from '../../jobs/export-plan.ts';
import type { MembersAsk } from '../../systems/store/members.ts';
import { consentFields } from './consent.ts';

export interface ScanPages {
  /** Sent, and written to the ledger, together. */
  readonly pageMembers: number;
  /** Under way at once; they are written to the ledger in order. */
  readonly pagesAtOnce: number;
}

/**
 * Ten to fifteen requests a page: the work on a larger one lets the answers of others wait. While the store reads some
 * pages and writes others, the rest keep all calls going that may be under way.
 */
export const scanPagesOf = ({ fields, memberships }: ExportPlan): ScanPages =>
  fields === null && memberships === null
    ? { pageMembers: 2_000, pagesAtOnce: 4 }
    : { pageMembers: 1_000, pagesAtOnce: 8 };

/** The fields whose presence makes the order of a scan. */
export const scannedFields = (plan: ExportPlan): readonly string[] =>
  [...plan.idMappings, ...(plan.fields?.columns ?? [])].map(({ field }) => field);

export const askFor = (plan: ExportPlan, profileIds: readonly string[]): MembersAsk => ({
  profileIds,
  sourceAudienceId: plan.sourceAudienceId,
  audienceIds: plan.memberships?.columns.map(({ audienceId }) => audienceId) ?? [],
  fields: [...new Set([...scannedFields(plan), ...consentFields])],
});
