/**
 * `npm run bench -- memory [--large]`: the worker's peak of resident memory in scans of 10,000 and 100,000
 * members, with `--large` of 1,000,000 too. Each has a worker of its own, from its start.
 */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { AtEnd, Bench } from './bench.ts';
import { peakBytesOf } from './processes.ts';
import { addMembers, audience, lists, startBenchProduct } from './product.ts';
import { megabytes, number, printMachine, printTable } from './report.ts';

async function measure(folder: string, members: number, atEnd: AtEnd): Promise<readonly string[]> {
  const product = await startBenchProduct(mkdtempSync(join(folder, 'size-')), atEnd);
  try {
    await addMembers(product.store, members);
    const before = peakBytesOf(product.pids.worker);
    const jobId = await product.start({
      list: lists.quick,
      additionalFields: ['loyalty_tier', 'visits'],
      exportAudienceMemberships: [audience],
    });
    const { seconds } = await product.scanned(jobId);
    const after = peakBytesOf(product.pids.worker);
    const events = await product.historyEvents(jobId);
    return [number(members), megabytes(before), megabytes(after), number(events), number(members / seconds)];
  } finally {
    await product.stop();
  }
}

export const benchMemory: Bench = async (folder, args, atEnd) => {
  const { values: flags } = parseArgs({
    args: [...args],
    options: { large: { type: 'boolean', default: false } },
  });
  const sizes = [10_000, 100_000, ...(flags.large ? [1_000_000] : [])];
  const rows: (readonly string[])[] = [];
  for (const members of sizes) rows.push(await measure(folder, members, atEnd));
  printTable(
    ['members scanned', 'worker’s peak before', 'after', 'history events', 'members a second'],
    rows,
  );
  printMachine();
};
