/**
 * Profiles built anew from the stream, in chunks: a file's rows are taken out of it where one is taken back,
 * then the stream is walked, then the profiles are built of what it came to. Whenever it is cut off, the next
 * attempt goes on behind the last transaction.
 */
import { ExpectedError } from '../../jobs/errors.ts';
import { defaultMappingText } from '../../lql/default-mapping.ts';
import type { Pool } from '../../systems/store/database.ts';
import { transaction } from '../../systems/store/database.ts';
import { foldBeside } from '../../systems/store/event-profiles.ts';
import { readEvents } from '../../systems/store/events.ts';
import { findProfiles } from '../../systems/store/identities.ts';
import type { HashKeys } from '../../systems/store/identities.ts';
import { readImportJobs } from '../../systems/store/import-jobs.ts';
import {
  filesTakenBack,
  filesToWalk,
  forgetReading,
  giveBack,
  moveWalk,
  removeEvents,
  settleFiles,
} from '../../systems/store/rebuild-files.ts';
import type { FileToWalk } from '../../systems/store/rebuild-files.ts';
import { addParts, buildNext } from '../../systems/store/rebuilt-profiles.ts';
import {
  beginRebuild,
  beginRebuildAttempt,
  endRebuild,
  holdRebuild,
  setRebuildState,
} from '../../systems/store/rebuilds.ts';
import type { RebuildAttempt } from '../../systems/store/rebuilds.ts';
import { setKinds } from '../../systems/store/user-fields.ts';
import { fieldsOfMapping, mapEvents, namesInAggregate, readMapping } from './lql-mapping.ts';
import { gatherPeople } from './people.ts';

export interface RebuildBounds {
  /** Events that are read of the stream at once. */
  readonly eventsAtOnce: number;
  /** Events, and memory, after which what they come to is written: what is repeated at most after a crash. */
  readonly foldEvents: number;
  readonly foldBytes: number;
}

export const rebuildBounds: RebuildBounds = {
  eventsAtOnce: 20_000,
  foldEvents: 200_000,
  foldBytes: 128 * 1024 * 1024,
};

export interface Rebuilding {
  readonly store: Pool;
  readonly hashKeys: HashKeys;
  readonly signal: AbortSignal;
  readonly bounds: RebuildBounds;
}

/**
 * @param filePath the file that is taken back; null where all is built anew
 * @returns its id. @throws ExpectedError NOT_FOUND, NOT_NOW
 */
export async function startRebuild(store: Pool, jobId: string, filePath: string | null): Promise<number> {
  const jobs = await readImportJobs(store);
  const own = jobs.find(({ id }) => id === jobId);
  if (own === undefined) throw new ExpectedError('NOT_FOUND', `job: there is no import ${jobId}.`);
  // What they are now holds for the whole rebuild, whatever is applied meanwhile.
  const textOf = ({ configuration }: typeof own): string => configuration.mapping ?? defaultMappingText;
  const mappings = [...new Set([textOf(own), ...jobs.map(textOf)])];
  const mappingOfJob = new Map(jobs.map((job) => [job.id, mappings.indexOf(textOf(job))]));
  return beginRebuild(store, { jobId, filePath, mappings, mappingOfJob });
}

/** Does all that is left of a rebuild. @throws ExpectedError NOT_NOW when another attempt has taken it over */
export async function runRebuild(rebuilding: Rebuilding, id: number): Promise<void> {
  const { store, signal } = rebuilding;
  const attempt = await beginRebuildAttempt(store, id);
  if (attempt === undefined) return;
  const mappings = attempt.mappings.map(readMapping);
  if (attempt.state === 'taking-back') await takeBack(rebuilding, attempt, mappings);
  if (attempt.state !== 'building') await walk(rebuilding, attempt, mappings);
  const merging = mappings.map((mapping) => ({ ...mapEvents(mapping, '', ''), namesIn: namesInAggregate }));
  while (await buildNext(store, attempt, merging)) signal.throwIfAborted();
  const [ownMapping] = mappings;
  await transaction(store, async (database) => {
    await holdRebuild(database, attempt, 'building');
    if (attempt.filePath !== null) await giveBack(database, attempt);
    else {
      const texts = attempt.mappings.map((text) => (text === defaultMappingText ? null : text));
      await settleFiles(database, id, texts);
      if (ownMapping !== undefined) await setKinds(database, fieldsOfMapping(ownMapping));
    }
    await endRebuild(database, id, 'done');
  });
}

type Mappings = readonly ReturnType<typeof readMapping>[];

/** Takes a file's rows out of the stream, and notes whose they were. */
async function takeBack(
  { store, hashKeys, signal, bounds }: Rebuilding,
  attempt: RebuildAttempt,
  [mapping]: Mappings,
): Promise<void> {
  if (mapping === undefined) throw new Error('A rebuild has no mapping.');
  for (const { fileId, accountId, eventType } of await filesTakenBack(store, attempt)) {
    const merging = mapEvents(mapping, accountId, eventType);
    for (let isLast = false; !isLast;) {
      signal.throwIfAborted();
      isLast = await transaction(store, async (database) => {
        await holdRebuild(database, attempt, 'taking-back');
        const events = await readEvents(database, fileId, 0, Number.MAX_SAFE_INTEGER, bounds.eventsAtOnce);
        const readers = new Map<readonly string[], ReturnType<typeof merging.reader>>();
        const identities = events.flatMap(({ columns, values, atMs }) => {
          const reader = readers.get(columns) ?? merging.reader(columns);
          readers.set(columns, reader);
          return reader(values, atMs).identities;
        });
        const found = await findProfiles(database, hashKeys, identities);
        const ids = new Set(found.filter((id) => id !== undefined));
        await removeEvents(database, attempt.id, fileId, events.at(-1)?.line ?? 0, [...ids]);
        return events.length < bounds.eventsAtOnce;
      });
    }
  }
  await transaction(store, async (database) => {
    await holdRebuild(database, attempt, 'taking-back');
    await forgetReading(database, attempt);
    await setRebuildState(database, attempt, 'walking');
  });
}

/** Walks the stream, and writes what it comes to beside the profiles. */
async function walk(
  { store, hashKeys, signal, bounds }: Rebuilding,
  attempt: RebuildAttempt,
  mappings: Mappings,
): Promise<void> {
  const files = Map.groupBy(await filesToWalk(store, attempt.id), ({ mapping }) => mapping);
  for (const [index, ofMapping] of files) {
    const mapping = mappings[index];
    if (mapping === undefined) throw new Error('A file has no mapping.');
    const merging = mapEvents(mapping, '', '');
    let gathering = gatherPeople(merging);
    let walked = new Map<number, { fileId: number; walkedTo: number; nobodys: number }>();

    const write = async (): Promise<void> => {
      await transaction(store, async (database) => {
        await holdRebuild(database, attempt, 'walking');
        await moveWalk(database, attempt.id, [...walked.values()]);
        await foldBeside(database, hashKeys, merging, gathering.people(), (parts) =>
          addParts(database, attempt.id, index, parts),
        );
      });
      gathering = gatherPeople(merging);
      walked = new Map();
    };
    const walkFile = async ({
      fileId,
      accountId,
      eventType,
      toLine,
      walkedTo,
    }: FileToWalk): Promise<void> => {
      const events = mapEvents(mapping, accountId, eventType);
      for (let from = walkedTo; from < toLine;) {
        signal.throwIfAborted();
        const read = await readEvents(store, fileId, from, toLine, bounds.eventsAtOnce);
        let reader: ReturnType<typeof events.reader> | undefined;
        let columns: readonly string[] | undefined;
        const before = gathering.nobodys;
        for (const event of read) {
          if (event.columns !== columns) reader = events.reader((columns = event.columns));
          if (reader === undefined) continue;
          gathering.add(gathering.note(reader(event.values, event.atMs)));
        }
        from = read.length < bounds.eventsAtOnce ? toLine : (read.at(-1)?.line ?? toLine);
        const nobodys = (walked.get(fileId)?.nobodys ?? 0) + gathering.nobodys - before;
        walked.set(fileId, { fileId, walkedTo: from, nobodys });
        if (gathering.events >= bounds.foldEvents || gathering.bytes >= bounds.foldBytes) await write();
      }
    };
    for (const file of ofMapping) await walkFile(file);
    await write();
  }
  await transaction(store, async (database) => {
    await holdRebuild(database, attempt, 'walking');
    // Just filled: by its old statistics each page would be looked for through the whole table.
    await database.query('analyze rebuild_parts');
    await setRebuildState(database, attempt, 'building');
  });
}
