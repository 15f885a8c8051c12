/**
 * What was asked of the sandbox: a JSON line a request beside the data, and the last of them in memory.
 * No password, token or cell value is ever in it. Lines are written in blocks, so that logging costs nothing
 * beside the work; a kill loses at most the last tenth of a second of them.
 */
import { appendFile } from 'node:fs/promises';

const flushIntervalMs = 100;
const kept = 1000;

export interface LoggedRequest {
  /** When the request came, ISO. */
  readonly time: string;
  readonly verb: string;
  /** The API's function; absent where there is none. */
  readonly function?: string;
  /** The table, or else the list, or the campaign. */
  readonly object?: string;
  readonly user?: string;
  /** Rows of a merge, ids of a read. */
  readonly rows?: number;
  /** Rows refused inside a 200. */
  readonly failed?: number;
  /** 0: the connection was dropped without an answer. */
  readonly status: number;
  readonly errorCode?: string;
  /** The kinds of the faults that the request met. */
  readonly fault?: string;
  readonly correlationId: string;
  readonly ms: number;
}

export interface RequestLog {
  add(entry: LoggedRequest): void;
  /** The last requests, newest first. */
  last(limit: number): readonly LoggedRequest[];
  /** Requests since the start, by function and status or error code. */
  totals(): Readonly<Record<string, number>>;
  /** Forgets what is in memory; the file stays. */
  clear(): void;
  /** Writes what is left. */
  close(): Promise<void>;
}

export function openRequestLog(file: string): RequestLog {
  let entries: LoggedRequest[] = [];
  let totals = new Map<string, number>();
  let pending: string[] = [];
  let writing = Promise.resolve();

  function flush(): void {
    if (pending.length === 0) return;
    const text = pending.join('');
    pending = [];
    // One write after the other, so that lines keep their order; a full disk must not stop the service.
    writing = writing
      .then(() => appendFile(file, text))
      .catch(
        (error: unknown) =>
          void process.stderr.write(`The request log cannot be written: ${String(error)}\n`),
      );
  }

  const timer = setInterval(flush, flushIntervalMs).unref();

  return {
    add(entry) {
      pending.push(`${JSON.stringify(entry)}\n`);
      entries.push(entry);
      if (entries.length >= 2 * kept) entries = entries.slice(-kept);
      const key = `${entry.function ?? 'unknown'}: ${entry.errorCode ?? entry.status}`;
      totals.set(key, (totals.get(key) ?? 0) + 1);
    },
    last: (limit) => entries.slice(-Math.min(Math.max(1, limit), kept)).reverse(),
    totals: () => Object.fromEntries(totals),
    clear() {
      entries = [];
      totals = new Map();
    },
    close() {
      clearInterval(timer);
      flush();
      return writing;
    },
  };
}
