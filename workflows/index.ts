/** The workflows that a worker offers. */
export { exportAudience } from './export-audience.ts';
export { exportCampaign } from './export-campaign.ts';
export { reevaluateDue } from './reevaluate-due.ts';
export { relayChanges } from './relay-changes.ts';
export { scanAudience } from './scan-audience.ts';
export { walkCampaign } from './walk-campaign.ts';
export { importActivity } from './import-activity.ts';
export { rebuildProfiles } from './rebuild-profiles.ts';
