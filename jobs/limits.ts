/**
 * Every limit of the two services and of the engine that this project must respect, each once, with its source.
 */

/** Rows of one merge request, and recipients of one trigger. Source: Oracle's REST guide, members-post. */
export const maxRowsPerRequest = 200;

/** Bytes of one request's body; beyond it the gateway drops the connection. Source: Oracle's FAQ on errors. */
export const maxRequestBytes = 10_000_000;

/** The specification: "every 200 users or 10 minutes, whichever is first". */
export const defaultFlushIntervalMs = 10 * 60_000;

/** Users of a batch, unless the job sets fewer. Source: the specification. */
export const defaultBatchSize = 200;

/** "up to 29 user fields". Source: the specification, Additional Fields. */
export const maxAdditionalFields = 29;

/** "up to 29 Lytics Audience names". Source: the specification, Export Audience Memberships. */
export const maxExportedAudiences = 29;

/** Lytics: "up to 75 fields to trigger". Source: reference, Responsys' Export Audience. */
export const maxFieldsToTrigger = 75;
/**
 * The share of rejected members, in percent, at which a job stops itself. Files of people are dirty by a few
 * percent; when every other row is refused, it is the mapping, the list or the account that is wrong. Ours.
 */
export const defaultStopWhenRejectedPercent = 50;

/** Members of which that share is taken at least: fewer say little. Ours: one full request. */
export const leastMembersOfFuse = 200;

/**
 * Triggers of a campaign in a row that got no answer, after which its job stops itself: each leaves up to a full
 * request of people of whom nobody knows whether they were mailed. One is a fault of the line; three, one after the
 * other, while the calls between them are answered, are a fault of the campaign or the account. Ours.
 */
export const mostUnansweredTriggers = 3;

/** Characters of a column's or a table's name. Source: Oracle's REST guide, tips-common. */
export const maxColumnNameLength = 30;

/** Characters that a value of each column type holds. Source: Oracle's REST guide, listExtensions-post. */
export const maxCharacters = { STR500: 500, STR4000: 4000 } as const;

/** Members that one enter or exit signal may name. */
export const maxMembersPerSignal = 100;

/** How often the folder of event files is looked at. Responsys puts new files there every few hours. */
export const defaultLookIntervalMs = 10 * 60_000;

/** How long a file without a marker has to keep its size and time before it is taken for whole. */
export const defaultStableForMs = 60_000;

/** Event files that a job reads at once: the store, not the network, is what they share. */
export const defaultParallelFiles = 2;
export const maxParallelFiles = 16;

/**
 * What one field of a profile may hold. Source: "Lytics Limitations" (1,000 attribute values and 1 MB a
 * profile); a single value's bound is ours, above the longest URL that Responsys tracks.
 */
export const fieldLimits = {
  /** Entries of a set or a map, where its mapping says no other capacity. */
  entries: 1_000,
  /** UTF-8 bytes of all keys of a map, or all values of a set. */
  keyBytes: 128 * 1024,
  /** UTF-8 bytes of one text; a longer one is not taken into a profile. */
  textBytes: 4_096,
} as const;

/** The window in which Responsys counts calls of a function. Source: Oracle's REST guide, throttling. */
export const limitWindowMs = 60_000;

/** How long Responsys' own capacity limit holds. Source: Oracle's REST guide, INTERNAL_CAPACITY_LIMIT_EXCEEDED. */
export const capacityWindowMs = 10 * 60_000;

/** What one call may take, from its start to the end of its answer. Ours. */
export const maxCallMs = 60_000;

/** Within which a worker begins a call that it has leased a slot for, or gives the slot back. Ours. */
export const slotUseMs = 2_000;

/** What a call that got no answer is given to be counted all the same. Ours. */
export const unansweredCallMs = 5_000;
