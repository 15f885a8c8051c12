/**
 * Generates event files about the people of a list into the served folder, and says what is in them, so that
 * whoever imports them can compare.
 */
import { join } from 'node:path';
import type { Sandbox } from '../sandbox.ts';
import { openChance } from './chance.ts';
import { cellsOf } from './columns.ts';
import { writeEventFile } from './files.ts';
import type { WrittenFile } from './files.ts';
import { tellStory } from './happenings.ts';
import type { Happening } from './happenings.ts';
import { readPublicKey } from './packaging.ts';
import { madeUpPeople, peopleOf } from './people.ts';
import { quotasOf } from './quotas.ts';
import type { FilesRequest } from './request.ts';
import { eventTypes, layouts } from './types.ts';
import type { EventType } from './types.ts';

export interface GeneratedFile extends WrittenFile {
  readonly type: EventType;
  readonly packaging: string;
  /** Of the rows: those that no importer can read. */
  readonly badRows: number;
}

export interface Generated {
  /** As an SFTP client names it. */
  readonly folder: string;
  readonly people: number;
  readonly rows: number;
  readonly badRows: number;
  /** Rows that can be read, by type. */
  readonly events: Readonly<Record<string, number>>;
  readonly files: readonly GeneratedFile[];
}

const dayMs = 24 * 60 * 60_000;

/** @throws Refused when the list or the key will not do */
export async function generateFiles(sandbox: Sandbox, request: FilesRequest): Promise<Generated> {
  const { context } = sandbox;
  const { seed, days, accountId, rows, packagings } = request;
  const list = context.catalog.list(request.list);
  const people =
    request.madeUpPeople === undefined ? peopleOf(context.storage, list) : madeUpPeople(request.madeUpPeople);
  const publicKey = request.publicKey === undefined ? undefined : await readPublicKey(request.publicKey);
  const types = eventTypes.filter((type) => request.types.includes(type));
  const lastDayMs = Date.parse(request.lastDay ?? new Date(Date.now() - dayMs).toISOString().slice(0, 10));
  const firstDayMs = lastDayMs - (days - 1) * dayMs;
  const story = tellStory({
    chance: openChance(seed),
    people,
    quotas: quotasOf(types, rows),
    days,
    firstDayMs,
  });
  const spoil = openSpoiling(request.badRows, rows);

  const files: GeneratedFile[] = [];
  for (let day = 0; day < days; day++) {
    for (const type of types) {
      if (story.count(type, day) === 0) continue;
      const packaging = packagings[files.length % packagings.length] ?? 'plain';
      let badRows = 0;
      const cells = (happening: Happening): readonly string[] => {
        const whole = cellsOf({ happening, accountId, listId: 1_000 + list.id, seed });
        const cell = spoil(whole, layouts[type].columns.indexOf('EVENT_CAPTURED_DT'));
        if (cell !== whole) badRows += 1;
        return cell;
      };
      const written = await writeEventFile(
        {
          accountId,
          type,
          // Behind the day's last event, and another for another seed.
          stamp: new Date(firstDayMs + day * dayMs + 23 * 60 * 60_000 + (seed % 3_600) * 1_000),
          columns: layouts[type].columns,
          rows: mapped(story.of(type, day), cells),
        },
        { ...request, folder: join(sandbox.files.path, request.folder), packaging, publicKey },
      );
      files.push({ ...written, type, packaging, badRows });
    }
  }
  const sum = (of: readonly number[]): number => of.reduce((all, one) => all + one, 0);
  const events = Map.groupBy(files, ({ type }) => type);
  return {
    folder: `/${request.folder}`,
    people: people.length,
    rows: sum(files.map((file) => file.rows)),
    badRows: sum(files.map((file) => file.badRows)),
    events: Object.fromEntries(
      Array.from(events, ([type, own]) => [type, sum(own.map((file) => file.rows - file.badRows))]),
    ),
    files,
  };
}

/** Spoils so many of all rows, evenly: one has no time that can be read, the next a cell too few. */
function openSpoiling(bad: number, rows: number) {
  let seen = 0;
  return (cells: readonly string[], timeAt: number): readonly string[] => {
    const before = Math.floor((seen * bad) / rows);
    seen += 1;
    if (Math.floor((seen * bad) / rows) === before) return cells;
    return before % 2 === 0 ? cells.with(timeAt, '31-Foo-2026 25:00:00') : cells.slice(0, -1);
  };
}

function* mapped<From, To>(items: Iterable<From>, to: (item: From) => To): Generator<To> {
  for (const item of items) yield to(item);
}
