/**
 * The log of requests: a JSON line each, beside the data. No cell and no credential is in it.
 */
import { createWriteStream } from 'node:fs';

export interface LoggedRequest {
  readonly time: string;
  readonly api: string;
  readonly object: string;
  readonly user: string;
  readonly rows: number;
  readonly status: number;
  readonly errorCode: string;
  readonly correlationId: string;
  readonly ms: number;
}

const remembered = 200;

export function openRequestLog(file: string) {
  const stream = createWriteStream(file, { flags: 'a' });
  const last: LoggedRequest[] = [];
  const counts = new Map<string, number>();
  return {
    add(request: LoggedRequest): void {
      stream.write(`${JSON.stringify(request)}\n`);
      counts.set(request.api, (counts.get(request.api) ?? 0) + 1);
      last.push(request);
      if (last.length > remembered) last.shift();
    },
    last: (): readonly LoggedRequest[] => [...last].reverse(),
    counts: (): Readonly<Record<string, number>> => Object.fromEntries(counts),
    close: (): Promise<void> => new Promise((resolve) => stream.end(resolve)),
  };
}
