/** The moments at which a worker is killed in the tests under fire. */
export const points = [
  'request sent',
  'answer received',
  'ledger written',
  'before a heartbeat',
  'at continue-as-new',
] as const;
export type Point = (typeof points)[number];
