/**
 * The messages of a campaign job. It takes those of an export (messages.ts), by the same names: the signals
 * enter, exit and again; the updates pause, resume, flush, backfill, approve, retry and stop; the query
 * status. What differs or comes beside them is here.
 */
import { defineUpdate } from '@temporalio/workflow';
import type { ExportCampaignConfiguration } from './export-campaign.ts';
import type { ExportStatus, Reconfiguration } from './messages.ts';

/**
 * Trigger mails of unknown fate once more: so many people may get a second one. How many, a person has been
 * told before, and agreed to.
 */
export const sendUnknownUpdate = defineUpdate<ExportStatus>('sendUnknown');

/** Go on with another configuration. @returns false where the job had it already */
export const reconfigureCampaignUpdate = defineUpdate<
  boolean,
  [Reconfiguration<ExportCampaignConfiguration>]
>('reconfigure');
