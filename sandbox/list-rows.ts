/**
 * Writing rows into a profile list: finds a row's record by the match columns, then updates or inserts it.
 * Columns that are not given stay; a blank one is emptied. Where several records match, the oldest is updated
 * (an assumption: no source says). Works inside the caller's transaction.
 */
import type { StatementSync } from 'node:sqlite';
import type { ProfileList } from './catalog.ts';
import { isHashColumn, permissionColumns } from './columns.ts';
import type { Context } from './context.ts';
import type { ListMergeRule } from './merge-rule.ts';
import type { RecordData } from './record-data.ts';
import { fieldEquals, readsField } from './sql-columns.ts';

type Cell = string | number | null;

/** A value for one SQL column, made from a row; `inserting` tells which kind of write it is for. */
interface Written {
  readonly name: string;
  readonly value: (row: readonly string[], inserting: boolean) => Cell;
}

/** The first RIID of an account; recorded ones look alike. */
const firstRiid = 470_515_045;

export interface ListRows {
  /** The RIID of the row's record; undefined when none matches and none may be inserted. */
  merge(row: readonly string[]): number | undefined;
  /** To be called after the last row. */
  finish(): { readonly inserted: number };
}

/** A statement that finds the RIID by the values of the keys. */
export function findByKeys(context: Context, list: ProfileList, keys: readonly string[]): StatementSync {
  // Few lists are ever matched on hashes, and an index costs each insert: it is made at the first such match.
  for (const key of keys.filter(isHashColumn))
    context.storage.execute(
      `CREATE INDEX IF NOT EXISTS ${list.sql}_${key} ON ${list.sql} (${readsField(key)})`,
    );
  const where = keys.map(fieldEquals).join(' AND ');
  const sql = `SELECT "RIID_" AS riid FROM ${list.sql} WHERE ${where} ORDER BY "RIID_" LIMIT 1`;
  return context.storage.prepare(sql);
}

export function openListRows(
  context: Context,
  list: ProfileList,
  data: RecordData,
  rule: ListMergeRule,
): ListRows {
  const { storage } = context;
  const { permissionOnUpdate, petLagMs } = context.config();
  const places = rule.keys.map((key) => data.columns.findIndex((field) => field.name === key));
  const given = givenColumns(data, rule, []);
  const now = new Date().toISOString();
  const defaults = defaultColumns(given, rule);
  const modified = constant('MODIFIED_DATE_', now);
  const permissions = defaults.filter(({ name }) => name.includes('_PERMISSION_'));
  // A match column has its value already; setting it again would only rewrite its index.
  const changing = givenColumns(data, rule, rule.keys);
  const updated = [...changing, ...(permissionOnUpdate ? permissions : []), modified];
  const inserted = [...given, ...defaults, constant('CREATED_DATE_', now), modified];

  const find = findByKeys(context, list, rule.keys);
  const update = storage.prepare(
    `UPDATE ${list.sql} SET ${updated.map(({ name }) => `"${name}" = ?`).join(', ')} WHERE "RIID_" = ?`,
  );
  const insert = storage.prepare(
    `INSERT INTO ${list.sql} ("RIID_", ${inserted.map(({ name }) => `"${name}"`).join(', ')})
     VALUES (?${', ?'.repeat(inserted.length)})`,
  );
  const first = Number(storage.setting('next_riid') ?? firstRiid);
  const mayInsert = rule.insertOnNoMatch && !rule.keys.includes('RIID_');
  let next = first;

  return {
    merge(row) {
      const found = find.get(...places.map((place) => row[place] ?? ''));
      if (found !== undefined) {
        const riid = Number(found['riid']);
        if (rule.replace) update.run(...updated.map(({ value }) => value(row, false)), riid);
        return riid;
      }
      if (!mayInsert) return undefined;
      const riid = next++;
      insert.run(riid, ...inserted.map(({ value }) => value(row, true)));
      if (petLagMs > 0) context.newcomers.set(riid, Date.now() + petLagMs);
      return riid;
    },
    finish() {
      if (next > first) storage.setSetting('next_riid', String(next));
      return { inserted: next - first };
    },
  };
}

const constant = (name: string, value: string): Written => ({ name, value: () => value });

/** The columns that a row itself fills. */
function givenColumns(data: RecordData, rule: ListMergeRule, without: readonly string[]): readonly Written[] {
  const { H, T, I, O } = rule.said;
  const stored = new Map([
    [
      'EMAIL_FORMAT_',
      {
        codes: new Map([
          [T, 'T'],
          [H, 'H'],
        ]),
        otherwise: 'H',
      },
    ],
    ...permissionColumns.map(
      (name) =>
        [
          name,
          {
            codes: new Map([
              [O, 'O'],
              [I, 'I'],
            ]),
            otherwise: rule.permission,
          },
        ] as const,
    ),
  ]);
  return data.columns.flatMap(({ name }, place): Written[] => {
    if (name === 'RIID_' || isHashColumn(name) || without.includes(name)) return [];
    const text = (row: readonly string[]) => row[place] ?? '';
    const coded = stored.get(name);
    if (coded !== undefined) {
      const { codes, otherwise } = coded;
      return [{ name, value: (row, inserting) => codes.get(text(row)) ?? (inserting ? otherwise : null) }];
    }
    return [{ name, value: (row) => blankAsNull(text(row)) }];
  });
}

/** What a new record has in the columns that its row does not give. */
function defaultColumns(given: readonly Written[], rule: ListMergeRule): readonly Written[] {
  const names = new Set(given.map(({ name }) => name));
  return [
    ...permissionColumns.map((name) => constant(name, rule.permission)),
    constant('EMAIL_FORMAT_', 'H'),
  ].filter(({ name }) => !names.has(name));
}

const blankAsNull = (text: string): string | null => (text === '' ? null : text);
