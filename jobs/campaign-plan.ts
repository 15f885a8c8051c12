/**
 * What the check against the account settles for a campaign job: which campaign of which list is triggered,
 * and which column takes what. Sends read it; it holds names only, never values.
 */
import type { FieldColumn, Table } from './export-plan.ts';

export interface CampaignPlan {
  /** As the account spells it: the path of the trigger. */
  readonly campaign: string;
  /** Responsys' own id of the campaign, by which event files name it; null where the account does not tell. */
  readonly campaignId: string | null;
  /** Such as PROMOTIONAL or TRANSACTIONAL; null where the account does not tell. */
  readonly purpose: string | null;
  /** The campaign's profile list. */
  readonly list: string;
  readonly audienceIds: readonly string[];
  readonly emailField: string;
  /** The table that takes the additional fields; null without any. */
  readonly fields: Table<FieldColumn> | null;
  /** What the reader should know, though it stops nothing. */
  readonly warnings: readonly string[];
}
