/**
 * What a job's live details told while it ran, as a person at the Web UI would have read them: each time
 * that their heading, their reason or their last error was another.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { z } from 'zod';

const lookEachMs = 500;
const metadata = z.object({ currentDetails: z.string().default('') });

export interface Story {
  /** The lines so far, each with its second. */
  readonly lines: readonly string[];
  /** Waits until the details say so from now on. @throws with what they say instead */
  untilTold(what: RegExp, withinMs: number): Promise<string>;
  end(): Promise<void>;
}

export function readStory(handle: WorkflowHandle): Story {
  const begunMs = Date.now();
  const lines: string[] = [];
  let details = '';
  let last = '';
  let ended = false;
  const isEnded = (): boolean => ended;
  const look = async (): Promise<void> => {
    // A query finds no worker while one is replaced: a person would press reload.
    const answer = await handle.query<unknown>('__temporal_workflow_metadata').catch(() => undefined);
    const read = metadata.safeParse(answer);
    if (!read.success) return;
    details = read.data.currentDetails;
    const told = inShort(details);
    const plot = told.filter((line) => !line.startsWith('scanned')).join(' · ');
    if (plot === last) return;
    last = plot;
    lines.push(`${String(Math.round((Date.now() - begunMs) / 1_000)).padStart(4)} s  ${told.join(' · ')}`);
  };
  const reading = (async () => {
    while (!isEnded()) {
      await look();
      await wait(lookEachMs);
    }
  })();
  return {
    lines,
    untilTold: async (what, withinMs) => {
      const untilMs = Date.now() + withinMs;
      for (;;) {
        if (what.test(details)) return details;
        if (Date.now() > untilMs)
          throw new Error(
            `The live details did not say ${String(what)} but:\n${details}\n\n${lines.join('\n')}`,
          );
        await wait(lookEachMs / 2);
      }
    },
    end: async () => {
      ended = true;
      await reading;
    },
  };
}

/** The heading, the reason, how far a scan is, and the last error. */
const inShort = (details: string): readonly string[] =>
  details.split('\n').flatMap((line) => {
    const scanned = /^\| (scanned) \| (.*) \|$/.exec(line);
    if (scanned !== null) return [`${scanned[1]} ${scanned[2]}`];
    return /^(### |> |Last error: |Responsys throttled )/.test(line) ? [line.replace(/^(### |> )/, '')] : [];
  });
