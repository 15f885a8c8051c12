/**
 * `npm run bench -- scan [--members N] [--times N] [--row WORD]`: a scan side by side with a plain loop, which
 * reads the same pages and makes the same calls, and records nothing. The two take turns, each on a job of
 * its own; shown are the medians.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { exportAudienceWorkflowId } from '../jobs/job-id.ts';
import { median } from '../jobs/median.ts';
import { stopUpdate } from '../jobs/messages.ts';
import type { Bench } from './bench.ts';
import { addMembers, audience, lists, measureCpu, startBenchProduct } from './product.ts';
import type { BenchProduct } from './product.ts';
import { peakBytesOf } from './processes.ts';
import { megabytes, number, printMachine, printTable } from './report.ts';

interface Row {
  readonly what: string;
  readonly latencyMs: number;
  readonly job: object;
}

const tables = { additionalFields: ['loyalty_tier', 'visits'], exportAudienceMemberships: [audience] };
const rows: readonly Row[] = [
  { what: 'list, 200 ms an answer', latencyMs: 200, job: { list: lists.quick } },
  { what: 'list and two tables, 200 ms', latencyMs: 200, job: { list: lists.quick, ...tables } },
  { what: 'list, 0 ms', latencyMs: 0, job: { list: lists.quick } },
  { what: 'list and two tables, 0 ms', latencyMs: 0, job: { list: lists.quick, ...tables } },
  { what: 'list, 0 ms, sandbox that keeps', latencyMs: 0, job: { list: lists.sandbox } },
];

const loopLine = z.object({ members: z.number(), seconds: z.number(), cpuSeconds: z.number() });

async function runLoop(product: BenchProduct, jobId: string): Promise<z.infer<typeof loopLine>> {
  const { databaseUrl, login } = product;
  const script = join(import.meta.dirname, 'plain-loop.ts');
  const given = JSON.stringify({ databaseUrl, login, jobId });
  const { stdout } = await promisify(execFile)(process.execPath, [script, given]);
  return loopLine.parse(JSON.parse(stdout));
}

async function measureRow(product: BenchProduct, row: Row, times: number): Promise<readonly string[]> {
  await product.setLatency(row.latencyMs);
  const scans: number[] = [];
  const loops: number[] = [];
  const ratios: number[] = [];
  let cost = '';
  let events = 0;
  for (let time = 0; time < times; time++) {
    const { result, cpu } = await measureCpu(product, async () => {
      const jobId = await product.start(row.job);
      return { jobId, scan: await product.scanned(jobId) };
    });
    const { jobId, scan } = result;
    events = Math.max(events, await product.historyEvents(jobId));
    // Nothing of it runs beside the loop.
    await product.temporal.workflow.getHandle(exportAudienceWorkflowId(jobId)).executeUpdate(stopUpdate);
    const loop = await runLoop(product, jobId);
    scans.push(scan.total / scan.seconds);
    loops.push(loop.members / loop.seconds);
    ratios.push(scan.total / scan.seconds / (loop.members / loop.seconds));
    const micros = (seconds: number): string => number((seconds * 1e6) / scan.total);
    cost = [cpu.worker, cpu.postgres, cpu.sandbox, loop.cpuSeconds].map(micros).join(' / ');
  }
  return [
    row.what,
    number(median(scans)),
    number(median(loops)),
    number(median(ratios), 2),
    number(events),
    cost,
    megabytes(peakBytesOf(product.pids.worker)),
  ];
}

export const benchScan: Bench = async (folder, args, atEnd) => {
  const { values: flags } = parseArgs({
    args: [...args],
    options: {
      members: { type: 'string', default: '100000' },
      times: { type: 'string', default: '1' },
      row: { type: 'string', default: '' },
    },
  });
  const product = await startBenchProduct(folder, atEnd);
  await addMembers(product.store, Number(flags.members));
  const measured: (readonly string[])[] = [];
  for (const row of rows.filter(({ what }) => what.includes(flags.row)))
    measured.push(await measureRow(product, row, Number(flags.times)));
  printTable(
    [
      `scan of ${number(Number(flags.members))} members`,
      'members a second',
      'plain loop',
      'ratio',
      'history events',
      'CPU µs a member: worker / store / counterpart / loop',
      'worker’s peak',
    ],
    measured,
  );
  printMachine();
};
