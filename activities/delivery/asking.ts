/**
 * What is asked of the store about members, by a job's plan; the same for a send, for its rehearsal, and for a
 * comparison with what was sent.
 */
import type { ExportPlan } from '../../jobs/export-plan.ts';
import type { MembersAsk } from '../../systems/store/members.ts';
import { consentFields } from './consent.ts';

/** Members of one page of a scan: five full requests, few enough that work on a page lets answers wait only briefly. */
export const defaultScanPageMembers = 1_000;

/**
 * Pages of a scan that are under way at once; they are written to the ledger in order. While the store reads
 * some and writes others, the rest keep all calls going that may be under way.
 */
export const scanPagesAtOnce = 8;

/** The fields whose presence makes the order of a scan. */
export const scannedFields = (plan: ExportPlan): readonly string[] =>
  [...plan.idMappings, ...(plan.fields?.columns ?? [])].map(({ field }) => field);

export const askFor = (plan: ExportPlan, profileIds: readonly string[]): MembersAsk => ({
  profileIds,
  sourceAudienceId: plan.sourceAudienceId,
  audienceIds: plan.memberships?.columns.map(({ audienceId }) => audienceId) ?? [],
  fields: [...new Set([...scannedFields(plan), ...consentFields])],
});
