/**
 * The queue of members to be sent: one entry a member, oldest first. Pure; all times are milliseconds of
 * workflow time. A member that is queued again keeps its place, so that its first change is not kept waiting.
 */

/** Plain JSON, so that it is carried over continue-as-new as it is. */
export type QueueEntries = readonly (readonly [member: string, sinceMs: number])[];

export interface ChangeQueue {
  readonly size: number;
  /** When the oldest entry was queued; undefined while the queue is empty. */
  readonly oldestMs: number | undefined;
  add(member: string, nowMs: number): void;
  /** The oldest entries, up to `count`, taken out. */
  take(count: number): QueueEntries;
  /** Back in, in front: they were taken but not sent. A member queued meanwhile keeps the earlier time. */
  putBack(entries: QueueEntries): void;
  entries(): QueueEntries;
}

export function openChangeQueue(carried: QueueEntries = []): ChangeQueue {
  let queued = new Map<string, number>(carried);
  return {
    get size() {
      return queued.size;
    },
    get oldestMs() {
      return queued.values().next().value;
    },
    add: (member, nowMs) => {
      if (!queued.has(member)) queued.set(member, nowMs);
    },
    take: (count) => {
      const taken = [...queued].slice(0, count);
      for (const [member] of taken) queued.delete(member);
      return taken;
    },
    putBack: (entries) => {
      const later = [...queued];
      queued = new Map(entries);
      for (const [member, sinceMs] of later) if (!queued.has(member)) queued.set(member, sinceMs);
    },
    entries: () => [...queued],
  };
}
