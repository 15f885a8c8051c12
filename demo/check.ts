/**
 * Holds what the sandbox has against what the job says: the demo ends well only when the numbers add up.
 */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

type Row = Readonly<Record<string, string>>;

export interface Held {
  readonly members: number;
  readonly optedOut: number;
  /** Of the memberships table: who is said to be in, and who to have left. */
  readonly isMember: number;
  readonly hasLeft: number;
  readonly fieldsRows: number;
}

async function* rowsOf(url: string): AsyncGenerator<Row> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) throw new Error(`The sandbox answered ${response.status}.`);
  for await (const line of createInterface({ input: Readable.fromWeb(response.body) })) {
    if (line !== '') yield JSON.parse(line) as Row;
  }
}

/** @param login the sandbox's address */
export async function readHeld(
  login: string,
  names: {
    readonly list: string;
    readonly fields: string;
    readonly memberships: string;
    readonly column: string;
  },
): Promise<Held> {
  const held = { members: 0, optedOut: 0, isMember: 0, hasLeft: 0, fieldsRows: 0 };
  for await (const row of rowsOf(`${login}/_sandbox/lists/${names.list}`)) {
    held.members += 1;
    if (row['EMAIL_PERMISSION_STATUS_'] === 'O') held.optedOut += 1;
  }
  for await (const row of rowsOf(`${login}/_sandbox/tables/${names.list}/${names.memberships}`)) {
    if (row[names.column] === '1') held.isMember += 1;
    else held.hasLeft += 1;
  }
  for await (const row of rowsOf(`${login}/_sandbox/tables/${names.list}/${names.fields}`))
    held.fieldsRows += row['RIID_'] === undefined ? 0 : 1;
  return held;
}

/** What the sandbox holds, and how many members the ledger says it took and refused. */
export interface Told extends Held {
  readonly accepted: number;
  readonly rejected: number;
}

/** What does not add up, in words; empty when all does. */
export function differences(expected: Told, found: Told): readonly string[] {
  return (Object.keys(expected) as (keyof Told)[])
    .filter((name) => expected[name] !== found[name])
    .map((name) => `${name}: expected ${expected[name]}, found ${found[name]}`);
}
