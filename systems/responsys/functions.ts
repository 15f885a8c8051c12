/**
 * The functions that Responsys limits by the minute, as `api` of /rest/api/ratelimit names them, and what is
 * assumed of each until the account has been asked.
 * Source: Oracle's throttling page (sample answer: login 10, lists 100, merge 1000); create PET 10 as seen by
 * Segment at customers; the others are Oracle's default for high volume, 200.
 */
export const assumedCallsPerMinute = {
  Login: 10,
  'Retrieve User Info': 100,
  'Retrieve Rate Limits': 100,
  'Retrieve Profile Lists': 100,
  'Retrieve Profile Extension Tables': 100,
  'Create Profile Extension Table': 10,
  'Merge List Recipients': 1000,
  'Merge Profile Extension Recipients': 1000,
} as const satisfies Readonly<Record<string, number>>;

export type ResponsysFunction = keyof typeof assumedCallsPerMinute;
