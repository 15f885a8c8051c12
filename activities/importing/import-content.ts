/**
 * One event file from the server into the store: fetched, meanwhile proven whole to the end of every layer, and
 * only then read again for its rows.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { openEventTimes } from '../../systems/sftp/event-time.ts';
import { prove, readRows } from '../../systems/sftp/rows/read-rows.ts';
import type { EventFile, Proof } from '../../systems/sftp/rows/read-rows.ts';
import { endFile, noteContent } from '../../systems/store/event-files.ts';
import type { Attempt } from '../../systems/store/event-files.ts';
import { openHashKeys } from '../../systems/store/identities.ts';
import type { ImportJob } from '../../systems/store/import-jobs.ts';
import type { Means } from '../connections.ts';
import { writeBounds } from './event-writer.ts';
import type { WriteBounds } from './event-writer.ts';
import { asRecords } from './file-records.ts';
import { importRows } from './import-rows.ts';
import { openJobFolder, pgpKeysOf } from './job-folder.ts';
import { mapEvents, readMapping } from './lql-mapping.ts';
import { mostSlots, openOccurrences } from './occurrences.ts';

/** By which an event has its time: without it, nothing of a file can be used. */
export const requiredColumns = ['event_captured_dt'] as const;

export interface ImportBounds extends WriteBounds {
  /** Of the table in memory by which equal rows are counted; the rest is in the spool. */
  readonly tableSlots: number;
}

export const importBounds: ImportBounds = { ...writeBounds, tableSlots: mostSlots };

/** Files that this process has open: they share the memory in which events wait for being folded. */
let filesOpen = 0;

/** @throws ExpectedError FILE_… for what is wrong with the file, others for what is wrong around it */
export async function importContent(
  means: Pick<Means, 'store' | 'key'>,
  job: ImportJob,
  attempt: Attempt,
  signal: AbortSignal,
  bounds: ImportBounds,
): Promise<void> {
  const { store, key } = means;
  const { mapping, timeZone, customDelimiter } = attempt.reading;
  const spool = await openSpool(attempt);
  const occurrences = openOccurrences(`${spool.path}.occurrences`, bounds.tableSlots);
  filesOpen += 1;
  let readShare = (): number => 0;
  try {
    await importRows(
      {
        store,
        attempt,
        hashKeys: await openHashKeys(store, key),
        mapping: mapEvents(readMapping(mapping), attempt.accountId, attempt.eventType),
        bounds: {
          ...bounds,
          get foldBytes() {
            return bounds.foldBytes / filesOpen;
          },
        },
        readTime: openEventTimes(timeZone),
        occurrences,
        bytesRead: () => Math.round(readShare() * attempt.sizeBytes),
      },
      async () => {
        const { file, proof } = await fetchAndProve();
        const twin = await noteContent(store, attempt, Buffer.from(proof.plainSha256, 'hex'));
        if (twin !== undefined && attempt.readTo === 0) {
          await endFile(store, attempt, 'repeated', `The same content was imported from ${twin}.`);
          return undefined;
        }
        const records = asRecords(stoppable(readRows(file), signal));
        readShare = () => share(records.characters, proof);
        return records.batches;
      },
    );
  } finally {
    filesOpen -= 1;
    occurrences.close();
    await spool.empty();
  }

  async function fetchAndProve(): Promise<{ file: EventFile; proof: Proof }> {
    const pgpKeys = await pgpKeysOf(means, job);
    const folder = await openJobFolder(means, job, signal);
    const { path, sizeBytes, modifiedAt, countFile } = attempt;
    const { spooled, fetched } = folder.download(
      { name: path, bytes: sizeBytes, modifiedMs: modifiedAt.getTime() },
      { spoolPath: spool.path, signal },
    );
    const readExpectedRows = async (): Promise<number | undefined> => {
      try {
        await fetched;
        return countFile === null ? undefined : await folder.readCountFile(countFile);
      } finally {
        await folder.close();
      }
    };
    const file: EventFile = {
      spooled,
      unwrapping: { pgpKeys, signal },
      reading: { delimiter: customDelimiter, requiredColumns },
    };
    const expectedRows = readExpectedRows();
    const proven = prove(file, expectedRows);
    await Promise.allSettled([expectedRows, proven]);
    // A fault of fetching goes before one of the proof: of what did not come whole, nothing is known.
    await expectedRows;
    return { file, proof: await proven };
  }
}

const share = (characters: number, { plainBytes }: Proof): number =>
  plainBytes === 0 ? 1 : Math.min(characters / plainBytes, 1);

/** Of the worker's own user: where several have workers on one machine, none can write in another's. */
const spoolFolder = join(tmpdir(), `lytics-responsys-spool-${userInfo().uid}`);

/** Workers of two stores may share a machine: numbers of files are the same in both, ids of jobs are not. */
const spoolName = (jobId: string, fileId: number): string => `${jobId}-${fileId}-`;

/** A place for the file as it came. What an attempt before left there when it was killed goes. */
async function openSpool({ jobId, fileId, attempt }: Attempt): Promise<{
  readonly path: string;
  empty(): Promise<void>;
}> {
  await mkdir(spoolFolder, { recursive: true, mode: 0o700 });
  await emptySpool(jobId, fileId, attempt - 1);
  return {
    path: join(spoolFolder, `${spoolName(jobId, fileId)}${attempt}.sealed`),
    empty: () => emptySpool(jobId, fileId, attempt),
  };
}

/** Removes what attempts up to this one left of a file on this machine. */
export async function emptySpool(jobId: string, fileId: number, attempt = Infinity): Promise<void> {
  const own = spoolName(jobId, fileId);
  const names = await readdir(spoolFolder).catch((): string[] => []);
  for (const name of names)
    if (name.startsWith(own) && Number.parseInt(name.slice(own.length), 10) <= attempt)
      await rm(join(spoolFolder, name), { force: true });
}

async function* stoppable<Item>(items: AsyncIterable<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  for await (const item of items) {
    signal.throwIfAborted();
    yield item;
  }
}
