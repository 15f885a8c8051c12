/**
 * What of a member is read, for a send or for a comparison with what was sent. Pure.
 */
import type { ExportPlan } from '../../jobs/export-plan.ts';
import type { readMembersNow } from '../../systems/store/members.ts';
import { consentFields } from './consent.ts';

export const askFor = (
  plan: ExportPlan,
  profileIds: readonly string[],
): Parameters<typeof readMembersNow>[1] => ({
  profileIds,
  sourceAudienceId: plan.sourceAudienceId,
  audienceIds: plan.memberships?.columns.map(({ audienceId }) => audienceId) ?? [],
  fields: [
    ...new Set([
      ...plan.idMappings.map(({ field }) => field),
      ...(plan.fields?.columns.map(({ field }) => field) ?? []),
      ...consentFields,
    ]),
  ],
});
