/**
 * Reads the payload of an enter or exit signal. Anybody can send one from the Web UI, so nothing is taken
 * for granted: what is not a profile's id is counted, never queued, never an error.
 */
import { maxMembersPerSignal } from '../jobs/limits.ts';

const profileId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export interface ReadSignal {
  readonly members: readonly string[];
  /** Items that were not understood; a payload of another shape, or with too many members, is one. */
  readonly refused: number;
}

export function readMembersChanged(payload: unknown): ReadSignal {
  if (typeof payload !== 'object' || payload === null || !('members' in payload))
    return { members: [], refused: 1 };
  const { members } = payload;
  if (!Array.isArray(members) || members.length > maxMembersPerSignal) return { members: [], refused: 1 };
  const understood = members.filter(
    (member): member is string => typeof member === 'string' && profileId.test(member),
  );
  return { members: understood, refused: members.length - understood.length };
}
