/**
 * Walks the pages of a scan from where it stands, several at once. A page that fails ends the walk, but none
 * is left under way: what is there then goes on from the position in the store.
 */
import { cancellationSignal } from '@temporalio/activity';
import type { Scan } from '../systems/store/scans.ts';
import { workerStops } from './failures.ts';

export interface Pages {
  readonly pageMembers: number;
  readonly pagesAtOnce: number;
  /** The position to stop at, before the end; null for none. */
  readonly upTo: number | null;
  /** Aborted when the worker is told to stop. */
  readonly stopping: AbortSignal;
}

/** @param walkPage the members between two positions; `before` settles when the page before is done */
export async function walkPages(
  scan: Scan,
  { pageMembers, pagesAtOnce, upTo, stopping }: Pages,
  walkPage: (from: number, to: number, before: Promise<unknown>) => Promise<void>,
): Promise<void> {
  const total = Math.min(scan.total, upTo ?? scan.total);
  const isToEnd = (): boolean => cancellationSignal().aborted || stopping.aborted;
  const underWay: Promise<void>[] = [];
  let last: Promise<void> = Promise.resolve();
  try {
    for (let from = scan.done; from < total && !isToEnd(); from += pageMembers) {
      if (underWay.length >= pagesAtOnce) await underWay.shift();
      last = walkPage(from, Math.min(from + pageMembers, total), last);
      // Awaited below; a page that fails while another is awaited is no unhandled rejection.
      last.catch(() => undefined);
      underWay.push(last);
    }
  } finally {
    // A page that failed ends the walk, but no page is left under way.
    await Promise.allSettled(underWay);
  }
  await Promise.all(underWay);
  cancellationSignal().throwIfAborted();
  if (stopping.aborted) throw workerStops();
}
