/**
 * Reads one input after the other in a thread, whose heap is bounded, and says which it is at: a thread that
 * stands still is seen from outside.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { ExpectedError } from '../../../../jobs/errors.ts';
import { prove, readRows } from '../../../../systems/sftp/index.ts';
import { unwrap } from '../../../../systems/sftp/layers/unwrap.ts';
import { unlockPgpKey } from '../../../../systems/sftp/pgp-key.ts';
import type { EventFile } from '../../../../systems/sftp/rows/read-rows.ts';
import type { RowItem } from '../../../../systems/sftp/rows/reading.ts';
import { sealFile } from '../../../../systems/sftp/sealed-file.ts';
import { assertAccounted } from './account.ts';
import { inputOf } from './inputs.ts';
import type { RealFiles } from './inputs.ts';

export interface FuzzOrders {
  readonly files: RealFiles;
  readonly seed: number;
  readonly count: number;
  readonly pgpPrivateKey: string;
  readonly pgpPassphrase: string;
  /** Of one number: the input that is being read. */
  readonly at: SharedArrayBuffer;
}

/** What came of all of them, by code, or "read". */
export type Outcomes = Readonly<Record<string, number>>;

const { files, seed, count, at, ...key } = workerData as FuzzOrders;
const { keys } = await unlockPgpKey(key);
const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-fuzz-'));
const unwrapping = {
  pgpKeys: keys,
  limits: { maxBytes: 2 ** 24, maxRatio: 200, freeBytes: 2 ** 20, maxEntries: 50 },
  stallMs: 200,
};
const reading = { delimiter: '|', requiredColumns: ['riid', 'event_captured_dt'] };

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += 1_000)
    yield await Promise.resolve(bytes.subarray(from, from + 1_000));
}

/** Reads an input as an import does. @returns its code, or "read" */
async function outcomeOf(input: Buffer): Promise<string> {
  const spooled = await sealFile(join(folder, 'spool'), inPieces(input));
  const file: EventFile = { spooled, unwrapping, reading };
  try {
    await prove(file);
  } catch (error) {
    if (error instanceof ExpectedError && error.code.startsWith('FILE_')) return error.code;
    throw error;
  }
  // What is proven is read: a fault now would come when rows of the file are counted already.
  const items = new Map<string | undefined, RowItem[]>();
  for await (const batch of readRows(file)) {
    const own = items.get(batch.entry) ?? [];
    items.set(batch.entry, own);
    own.push(...batch.items);
  }
  const texts: { readonly entry: string | undefined; readonly bytes: Buffer }[] = [];
  for await (const { entry, bytes } of unwrap(spooled, unwrapping)) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytes) chunks.push(chunk.slice());
    texts.push({ entry, bytes: Buffer.concat(chunks) });
  }
  // Entries of one name cannot be told apart afterwards.
  if (new Set(texts.map(({ entry }) => entry)).size === texts.length)
    for (const { entry, bytes } of texts) assertAccounted(bytes, items.get(entry) ?? []);
  return 'read';
}

const current = new Int32Array(at);
const outcomes: Record<string, number> = {};
try {
  for (let number = 0; number < count; number++) {
    Atomics.store(current, 0, number);
    const outcome = await outcomeOf(inputOf(files, seed, number)).catch((error: unknown) => {
      throw new Error(`SEED=${seed}, input ${number}`, { cause: error });
    });
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  parentPort?.postMessage(outcomes);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
