/**
 * Which files of a folder are whole: those with their marker, or else those that had the same size and time in
 * two looks far enough apart. Pure.
 */
import { companionNames, oldestFirst, readFileName } from './file-name.ts';
import type { CompanionEndings, EventFileName } from './file-name.ts';

/** A file as one listing shows it. */
export interface ListedFile {
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since 1970, by the server's clock. */
  readonly modifiedMs: number;
}

/** When a file was first seen as it is now: what the next look is compared with. */
export interface Sighting extends ListedFile {
  /** By this machine's clock. */
  readonly firstSeenMs: number;
}

export interface FoundFile extends ListedFile {
  readonly file: EventFileName;
  readonly ready: boolean;
  /** Its count file's name, where there is one. */
  readonly countFile: string | undefined;
}

export interface Look {
  /** Event files, oldest first. */
  readonly files: readonly FoundFile[];
  /** To be handed to the next look. */
  readonly sightings: readonly Sighting[];
  /** Files that are none of ours, left alone. */
  readonly others: number;
}

export interface ReadinessSettings extends CompanionEndings {
  /** How long a file without a marker has to stay as it is. */
  readonly settleMs: number;
  /** Whether a file without its marker is not whole, however long it rests. */
  readonly requireMarker: boolean;
}

export const defaultReadiness: ReadinessSettings = {
  marker: '.ready',
  count: '.count',
  settleMs: 60_000,
  requireMarker: false,
};

/** @param before the sightings of the look before; none at the first */
export function look(
  listing: readonly ListedFile[],
  before: readonly Sighting[],
  nowMs: number,
  settings: ReadinessSettings,
): Look {
  const seenBefore = new Map(before.map((sighting) => [sighting.name, sighting]));
  const events: { readonly listed: ListedFile; readonly file: EventFileName }[] = [];
  // By the names in lower case: a folder may hold ten thousand files, none of which is to be compared with all.
  const companions = { marker: new Map<string, string>(), count: new Map<string, string>() };
  let others = 0;
  for (const listed of listing) {
    const named = readFileName(listed.name, settings);
    if (named.role === 'other') others += 1;
    else if (named.role === 'events') events.push({ listed, file: named.file });
    else companions[named.role].set(listed.name.toLowerCase(), listed.name);
  }
  const companionOf = (role: 'marker' | 'count', file: EventFileName): string | undefined =>
    companionNames(file, settings[role])
      .map((name) => companions[role].get(name))
      .find((name) => name !== undefined);
  const sightings: Sighting[] = [];
  const files = events
    .sort((one, other) => oldestFirst(one.file, other.file))
    .map(({ listed, file }) => {
      const last = seenBefore.get(listed.name);
      const isSame = last?.bytes === listed.bytes && last.modifiedMs === listed.modifiedMs;
      const firstSeenMs = isSame ? last.firstSeenMs : nowMs;
      sightings.push({ ...listed, firstSeenMs });
      const settled = nowMs - firstSeenMs >= settings.settleMs && isSame;
      const ready = companionOf('marker', file) !== undefined || (!settings.requireMarker && settled);
      return { ...listed, file, ready, countFile: companionOf('count', file) };
    });
  return { files, sightings, others };
}

/** The number of rows that a count file tells: the one number in it. Undefined where it has none or several. */
export function readCount(text: string): number | undefined {
  const numbers = text.match(/(?<![\d.])\d{1,15}(?![\d.])/g) ?? [];
  return numbers.length === 1 ? Number(numbers[0]) : undefined;
}
