/**
 * The two lanes in which calls to an account wait: live (changes of members, checks, logins) before bulk
 * (scans).
 */
export const lanes = ['live', 'bulk'] as const;
export type Lane = (typeof lanes)[number];
export type ByLane = Readonly<Record<Lane, number>>;
