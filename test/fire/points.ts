/** The moments at which a worker is killed in the tests under fire. */
export const points = [
  'request sent',
  'answer received',
  'ledger written',
  'before a heartbeat',
  'at continue-as-new',
] as const;
/** The same for a campaign job, whose mails may not go twice. */
export const campaignPoints = [
  'request sent',
  'answer received',
  'mails claimed',
  'outcomes written',
  'before a heartbeat',
  'at continue-as-new',
] as const;

export type Point = (typeof points)[number] | (typeof campaignPoints)[number];
