/**
 * Reading requests and sending answers. A body beyond the gateway's 10 MB is not answered: the connection is
 * dropped, as the real gateway does (reference §2.1).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

const maxBodyBytes = 10_000_000;

/** The request's body; undefined when it was too large or broke off, and the connection is gone. */
export function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const drop = () => {
      request.socket.resetAndDestroy();
      resolve(undefined);
    };
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) {
      drop();
      return;
    }
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > maxBodyBytes) drop();
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.on('close', () => resolve(undefined));
    request.on('error', () => resolve(undefined));
  });
}

export interface Sent {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function send(response: ServerResponse, { status, type, text, headers }: Sent): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(text);
}

export const jsonType = 'application/json;charset=UTF-8';

/** The URL of the request. A path of two slashes is a path here, never a host. */
export const urlOf = (request: IncomingMessage): URL => new URL(`http://sandbox${request.url ?? '/'}`);

/** Whether the request says that its body is of this type. */
export function hasType(request: IncomingMessage, type: string): boolean {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() === type;
}
