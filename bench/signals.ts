/**
 * `npm run bench -- signals [--signals N]`: signals a second that one running job takes, with one member a
 * signal and with 100. Taken means: the server has them all, and the job's handlers have seen them. What the
 * job then sends goes on meanwhile, as it would.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { exportAudienceWorkflowId } from '../jobs/job-id.ts';
import { maxMembersPerSignal } from '../jobs/limits.ts';
import { enterSignal, statusQuery, stopUpdate } from '../jobs/messages.ts';
import type { Bench } from './bench.ts';
import { addMembers, lists, startBenchProduct } from './product.ts';
import type { BenchProduct } from './product.ts';
import { number, printMachine, printTable } from './report.ts';

/** As many as a relay and a few people together would have under way. */
const signalsAtOnce = 16;

async function measure(
  product: BenchProduct,
  signals: number,
  membersOfSignal: number,
): Promise<readonly string[]> {
  const { store, temporal } = product;
  const jobId = await product.start({ list: lists.quick });
  await product.scanned(jobId);
  const job = temporal.workflow.getHandle(exportAudienceWorkflowId(jobId));
  const { rows } = await store.query<{ id: string }>('select id from profiles');
  const startedMs = performance.now();
  let next = 0;
  const send = async (): Promise<void> => {
    while (next < signals) {
      const at = next++;
      const members = Array.from(
        { length: membersOfSignal },
        (_, index) => rows[(at * membersOfSignal + index) % rows.length]?.id ?? '',
      );
      await job.signal(enterSignal, { members });
    }
  };
  await Promise.all(Array.from({ length: signalsAtOnce }, send));
  // A query is answered by a workflow that has seen every signal before it.
  let { queued } = await job.query(statusQuery);
  const takenSeconds = (performance.now() - startedMs) / 1_000;
  while (queued >= 200) {
    await wait(200);
    ({ queued } = await job.query(statusQuery));
  }
  const sentSeconds = (performance.now() - startedMs) / 1_000;
  await job.executeUpdate(stopUpdate);
  return [
    membersOfSignal === 1 ? 'one member a signal' : `${membersOfSignal} members a signal`,
    number(signals),
    number(signals / takenSeconds),
    number((signals * membersOfSignal) / sentSeconds),
  ];
}

export const benchSignals: Bench = async (folder, args, atEnd) => {
  const { values: flags } = parseArgs({
    args: [...args],
    options: { signals: { type: 'string', default: '2000' } },
  });
  const signals = Number(flags.signals);
  const product = await startBenchProduct(folder, atEnd);
  await addMembers(product.store, 20_000);
  printTable(
    ['signals to one job', 'signals', 'taken a second', 'members sent a second, to the last'],
    [
      await measure(product, signals, 1),
      await measure(product, Math.ceil(signals / 10), maxMembersPerSignal),
    ],
  );
  printMachine();
};
