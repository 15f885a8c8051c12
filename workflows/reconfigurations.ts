/**
 * Changes of the configuration that were asked for. The handler only waits for the answer; the loop of the
 * job makes the change, between two batches.
 */
import { ApplicationFailure, condition } from '@temporalio/workflow';
import { maxRowsPerRequest } from '../jobs/limits.ts';
import type { Reconfiguration } from '../jobs/messages.ts';

type Answer = { readonly changed: boolean } | { readonly refused: ApplicationFailure };

/** What of a configuration the workflow itself goes by. */
export interface BatchSettings {
  readonly batchSize: number;
  /** In milliseconds. */
  readonly flushInterval: number;
}

export interface AskedReconfiguration<Configuration> {
  readonly change: Reconfiguration<Configuration>;
  answer(answer: Answer): void;
}

export interface Reconfigurations<Configuration> {
  /** The update's handler. */
  ask(change: Reconfiguration<Configuration>): Promise<boolean>;
  /** Its validator: anybody can send one from the Web UI. */
  validate(change: unknown): void;
  waiting(): boolean;
  next(): AskedReconfiguration<Configuration> | undefined;
  refuseAll(why: string): void;
}

export function openReconfigurations<Configuration>(): Reconfigurations<Configuration> {
  const queue: AskedReconfiguration<Configuration>[] = [];
  return {
    ask: async (change) => {
      let answered: Answer | undefined;
      queue.push({
        change,
        answer: (answer) => {
          answered = answer;
        },
      });
      await condition(() => answered !== undefined);
      if (answered === undefined) throw new Error('An answer came and is not there.');
      if ('refused' in answered) throw answered.refused;
      return answered.changed;
    },
    validate: (change) => {
      if (isReconfiguration(change)) return;
      throw ApplicationFailure.nonRetryable(
        'This is no reconfiguration: use "jobs apply FILE".',
        'INPUT_NOT_VALID',
      );
    },
    waiting: () => queue.length > 0,
    next: () => queue.shift(),
    refuseAll: (why) => {
      for (const asked of queue.splice(0))
        asked.answer({ refused: ApplicationFailure.nonRetryable(why, 'NOT_NOW') });
    },
  };
}

function isReconfiguration(change: unknown): boolean {
  if (typeof change !== 'object' || change === null) return false;
  const { configuration, from, to, backfill } = change as Partial<Reconfiguration<unknown>>;
  if (typeof from !== 'string' || typeof to !== 'string' || typeof backfill !== 'boolean') return false;
  if (typeof configuration !== 'object' || configuration === null) return false;
  const { batchSize, flushInterval } = configuration as Readonly<Record<string, unknown>>;
  return isWithin(batchSize, 1, maxRowsPerRequest) && isWithin(flushInterval, 1_000, 24 * 3_600_000);
}

const isWithin = (value: unknown, least: number, most: number): boolean =>
  typeof value === 'number' && value >= least && value <= most;
