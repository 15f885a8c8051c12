/**
 * COPY: the fastest way into PostgreSQL. Its text form, with the four escapes that it needs.
 */
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { setImmediate as otherEvents } from 'node:timers/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { Database } from './database.ts';

type Cell = string | number | null;

/** Bytes that are handed to the connection at once. */
const pieceCharacters = 64 * 1024;

/**
 * Copies rows into a table, in a running transaction.
 * @param target `table (column, …)`, no text of a user
 * @param rows may be worked out one by one as they are asked for: heartbeats go on between the pieces
 */
export const copyInto = (
  database: Database,
  target: string,
  rows: Iterable<readonly Cell[]>,
): Promise<void> => copyPieces(database, target, packed(linesOf(rows)));

function* linesOf(rows: Iterable<readonly Cell[]>): Generator<string> {
  for (const row of rows)
    yield row.map((cell) => (typeof cell === 'string' ? copyCell(cell) : (cell ?? '\\N'))).join('\t');
}

/** Lines for COPY as the bytes that it reads, many at once. */
function* packed(lines: Iterable<string>): Generator<Buffer> {
  let piece = '';
  for (const line of lines) {
    piece += line + '\n';
    if (piece.length < pieceCharacters) continue;
    yield Buffer.from(piece);
    piece = '';
  }
  if (piece !== '') yield Buffer.from(piece);
}

/**
 * Copies rows that are written as COPY reads them.
 * @param target `table (column, …)`, no text of a user
 * @param pieces of lines in its text form, or of rows in its binary form
 */
export async function copyPieces(
  database: Database,
  target: string,
  pieces: Iterable<Buffer>,
  form: 'text' | 'binary' = 'text',
): Promise<void> {
  const stream = database.query(copyFrom(`copy ${target} from stdin (format ${form})`));
  const server = { hasRefused: false };
  const ended = finished(stream);
  // Awaited below; until then a refusal or a connection that breaks is no unhandled rejection.
  ended.catch(() => {
    server.hasRefused = true;
  });
  const send = async (): Promise<void> => {
    for (const piece of pieces) {
      if (!stream.write(piece)) await Promise.race([once(stream, 'drain'), ended]);
      // A quick server drains a piece before anything else of this process has its turn.
      await otherEvents();
      // What is written after a refusal would end in a TypeError of the library, in the place of the refusal.
      if (server.hasRefused) return;
    }
    stream.end();
  };
  try {
    await send();
  } catch (error) {
    // Or the connection would wait for more rows, and the transaction's rollback behind them.
    if (!server.hasRefused) stream.destroy();
    await ended.catch(() => undefined);
    throw error;
  }
  await ended;
}

const escapes: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A text as a cell of COPY. */
function copyCell(cell: string): string {
  if (!/[\\\t\n\r]/.test(cell)) return cell;
  // Quotes of quotes are most of what there is, and are replaced much faster by themselves.
  const escaped = cell.replaceAll('\\', '\\\\');
  return /[\t\n\r]/.test(escaped)
    ? escaped.replace(/[\t\n\r]/g, (found) => escapes[found] ?? found)
    : escaped;
}
