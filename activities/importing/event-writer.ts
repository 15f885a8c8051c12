/**
 * Writes chunks of a file to the stream, and folds what they come to into profiles: at the end of the file,
 * or before when several hundred thousand events or many bytes have gathered. One transaction at a time, in
 * the file's order; `write` returns before its own has ended, so that reading goes on meanwhile.
 */
import { mailedCampaigns, settleByEvents } from '../../systems/store/campaign-outcomes.ts';
import type { Database, Pool } from '../../systems/store/database.ts';
import { transaction } from '../../systems/store/database.ts';
import { endFile } from '../../systems/store/event-files.ts';
import type { Attempt } from '../../systems/store/event-files.ts';
import { foldPeople, moveFolding } from '../../systems/store/event-profiles.ts';
import { readEvents, writeChunk } from '../../systems/store/events.ts';
import type { Chunk, Inserted } from '../../systems/store/events.ts';
import { holdOffRebuilds } from '../../systems/store/rebuilds.ts';
import type { HashKeys } from '../../systems/store/identities.ts';
import type { EventMapping, Mapped } from './event-mapping.ts';
import { mailEventOf, readMailEvents } from '../mailing/mail-events.ts';
import type { EventRecord } from '../mailing/mail-events.ts';
import { gatherPeople } from './people.ts';

export interface WriteBounds {
  /** Records of one chunk: what is repeated at most after a crash. */
  readonly chunkRows: number;
  /** Of one chunk, as it waits for the store. */
  readonly chunkBytes: number;
  /** Events after which people are folded into profiles, at the latest. */
  readonly foldEvents: number;
  /** Memory of what has gathered after which they are, too: all files that this worker reads share it. */
  readonly foldBytes: number;
}

export const writeBounds: WriteBounds = {
  chunkRows: 10_000,
  chunkBytes: 16 * 1024 * 1024,
  foldEvents: 1_000_000,
  foldBytes: 256 * 1024 * 1024,
};

export interface Writing<Aggregates> {
  readonly store: Pool;
  readonly hashKeys: HashKeys;
  readonly mapping: EventMapping<Aggregates>;
  readonly attempt: Attempt;
  readonly bounds: WriteBounds;
  /** Of the packed bytes, how many have been read by now. */
  readonly bytesRead: () => number;
}

export type RowReader = ReturnType<EventMapping<unknown>['reader']>;

export interface ReadChunk extends Omit<Chunk, 'bytesRead'> {
  /** What each of its rows comes to, as `note` gave it. */
  readonly noted: readonly number[];
  /** The header that holds for its first record. */
  readonly header: readonly string[];
}

export interface EventWriter {
  /** Folds what an attempt before wrote to the stream, but did not live to fold. To be called first. */
  foldWhatIsLeft(): Promise<void>;
  /** Keeps what a row comes to until the row is written. */
  note(mapped: Mapped): number;
  write(chunk: ReadChunk): Promise<void>;
  /** Waits for what is under way, folds the rest, and says that the file is done. */
  finish(): Promise<void>;
}

function* recordsOf(
  { rows, header, columns: headers }: ReadChunk,
  inserted: Inserted,
): Generator<EventRecord> {
  let columns = header;
  let next = 0;
  for (let place = 0; place < rows.size; place++) {
    const line = rows.lineOf(place);
    for (; (headers[next]?.fromLine ?? Infinity) <= line; next++) columns = headers[next]?.columns ?? columns;
    if (!inserted.has(line)) continue;
    const { atMs, row } = rows.read(place);
    yield { atMs, columns, values: JSON.parse(row) as string[] };
  }
}

/** Events that are read back of the stream at once. */
const readBackAtOnce = 20_000;

export function openEventWriter<Aggregates>({
  store,
  hashKeys,
  mapping,
  attempt,
  bounds,
  bytesRead,
}: Writing<Aggregates>): EventWriter {
  let gathering = gatherPeople(mapping);
  let foldedTo = attempt.foldedTo;
  let readTo = attempt.readTo;
  let hasRepeats = false;
  let underWay: Promise<void> = Promise.resolve();

  async function fold(): Promise<void> {
    const people = gathering.people();
    const { nobodys } = gathering;
    await transaction(store, async (database) => {
      await holdOffRebuilds(database, attempt);
      // Then, so that a stale attempt stops here and not after all the work.
      await moveFolding(database, attempt, { from: foldedTo, to: readTo, nobodysRows: nobodys });
      await foldPeople(database, hashKeys, mapping, people);
    });
    foldedTo = readTo;
    gathering = gatherPeople(mapping);
  }

  const isFull = (): boolean => gathering.events >= bounds.foldEvents || gathering.bytes >= bounds.foldBytes;

  /** Campaign jobs learn of their mails in the transaction that makes these rows events. */
  const settleMails = (chunk: ReadChunk) => {
    const name = mailEventOf(attempt.eventType);
    if (name === undefined) return undefined;
    return async (database: Database, inserted: Inserted): Promise<void> => {
      const campaigns = await mailedCampaigns(database);
      if (campaigns.size === 0) return;
      await settleByEvents(database, name, readMailEvents(recordsOf(chunk, inserted), campaigns, hashKeys));
    };
  };

  async function writeNow(chunk: ReadChunk): Promise<void> {
    const written = { ...chunk, bytesRead: bytesRead() };
    const inserted = await writeChunk(store, attempt, written, hasRepeats, settleMails(chunk));
    hasRepeats = inserted.count < chunk.rows.size;
    chunk.noted.forEach((noted, place) => {
      if (inserted.has(chunk.rows.lineOf(place))) gathering.add(noted);
    });
    readTo = chunk.to;
  }

  return {
    foldWhatIsLeft: async () => {
      let from = foldedTo;
      while (from < attempt.readTo) {
        const events = await readEvents(store, attempt.fileId, from, attempt.readTo, readBackAtOnce);
        let columns: readonly string[] | undefined;
        let reader: RowReader | undefined;
        for (const event of events) {
          if (event.columns !== columns) reader = mapping.reader((columns = event.columns));
          if (reader !== undefined) gathering.add(gathering.note(reader(event.values, event.atMs)));
        }
        const isLast = events.length < readBackAtOnce;
        from = isLast ? attempt.readTo : (events.at(-1)?.line ?? attempt.readTo);
        readTo = from;
        if (isFull()) await fold();
      }
      // Before the file is fetched again: it may be gone, and these events are in the stream.
      if (foldedTo < attempt.readTo) await fold();
    },
    note: (mapped) => gathering.note(mapped),
    write: async (chunk) => {
      await underWay;
      underWay = writeNow(chunk);
      if (isFull()) {
        // What is noted is of this chunk, and is nowhere else: nothing may be read meanwhile.
        await underWay;
        await fold();
      }
      // Awaited by the next call; a failure until then is no unhandled rejection.
      underWay.catch(() => undefined);
    },
    finish: async () => {
      await underWay;
      await fold();
      await endFile(store, attempt, 'done');
    },
  };
}
