/** What waits outside of the heap comes back as it was: rows for the store, and events for their people. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { openAdditionLog } from '../../../activities/importing/addition-log.ts';
import type { EventMapping } from '../../../activities/importing/event-mapping.ts';
import { gatherPeople } from '../../../activities/importing/people.ts';
import { openEventPack } from '../../../systems/store/event-pack.ts';
import type { EventRow } from '../../../systems/store/event-pack.ts';

const file = { fileId: 7, accountId: '1234', eventType: 'CLICK' };
const cell = fc.oneof(
  fc.constantFrom('', 'a', '\\', '"', '\t', '\n\r', 'ä€😀', '\\N', '{"a"}'),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);

/** Rows of COPY's binary form, as PostgreSQL documents it: their cells. */
function readCopied(copied: Buffer): Buffer[][] {
  assert.equal(copied.toString('latin1', 0, 11), 'PGCOPY\n\xff\r\n\0');
  const rows: Buffer[][] = [];
  let at = 19;
  for (let columns = copied.readInt16BE(at); columns >= 0; columns = copied.readInt16BE(at)) {
    at += 2;
    const cells: Buffer[] = [];
    for (let column = 0; column < columns; column++) {
      const length = copied.readInt32BE(at);
      cells.push(copied.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    rows.push(cells);
  }
  assert.equal(at + 2, copied.length);
  return rows;
}

const characters = (hex: string): string => Buffer.from(hex, 'hex').toString('latin1');

test('a packed row reads as it was, and COPY gets all of them by key', () => {
  const row = fc.record({
    // Of few digits in front, so that many begin alike.
    key: fc
      .tuple(fc.constantFrom('0', '7', 'f'), fc.nat(5))
      .map(([digit, end]) => characters(`${digit.repeat(31)}${end}`)),
    atMs: fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
    line: fc.nat(Number.MAX_SAFE_INTEGER),
    cells: fc.array(cell, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 50 }), fc.nat(50), (drawn, before) => {
      const rows = drawn.map(({ key, atMs, line, cells }): EventRow => ({
        line,
        key,
        atMs,
        row: JSON.stringify(cells),
      }));
      const pack = openEventPack(file);
      // What was in it before is gone.
      for (const one of rows.slice(0, before)) pack.add(one);
      Array.from(pack.pieces());
      pack.empty();
      for (const one of rows) pack.add(one);
      assert.equal(pack.size, rows.length);
      assert.deepEqual(
        rows.map((_, place) => pack.read(place)),
        rows,
      );
      const copied = readCopied(Buffer.concat([...pack.pieces()])).map(
        ([key, fileId, line, accountId, event, at, text]) => ({
          line: Number(line?.readBigInt64BE()),
          key: key?.toString('latin1') ?? '',
          atMs: Number((at?.readBigInt64BE() ?? 0n) / 1_000n) + Date.UTC(2000, 0),
          row: String(text),
          file: [Number(fileId?.readBigInt64BE()), String(accountId), String(event)],
        }),
      );
      assert.deepEqual(
        copied.map(({ key }) => key),
        rows.map(({ key }) => key).sort(),
      );
      const texts = (all: readonly object[]): string[] => all.map((one) => JSON.stringify(one)).sort();
      assert.deepEqual(texts(copied), texts(rows.map((one) => ({ ...one, file: [7, '1234', 'click'] }))));
    }),
  );
});

test('more rows than a piece, and than the places that are sorted as numbers, come by key as well', () => {
  const pack = openEventPack(file);
  const text = JSON.stringify(['x'.repeat(20)]);
  for (let line = 1; line <= 140_000; line++)
    pack.add({ line, key: hash('md5', String(line), 'binary'), atMs: line, row: text });
  const rows = readCopied(Buffer.concat([...pack.pieces()]));
  assert.equal(rows.length, 140_000);
  let before: Buffer = Buffer.alloc(0);
  for (const [key = before] of rows) {
    assert.ok(Buffer.compare(before, key) <= 0);
    before = key;
  }
});

test('additions come back, those of many texts and of times before 1970 too', () => {
  const addition = fc.record(
    {
      atMs: fc.integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 }),
      cells: fc.array(fc.option(cell, { nil: undefined }), { maxLength: 6 }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(addition, fc.array(fc.nat(9), { maxLength: 3 }))), (drawn) => {
      const log = openAdditionLog();
      const places = drawn.map(([one, numbers]) => log.append(one, numbers));
      places.forEach((at, index) => {
        assert.deepEqual(log.read(at), drawn[index]?.[0]);
        assert.deepEqual(log.numbers(at), drawn[index]?.[1]);
        assert.equal(log.next(at), undefined);
      });
    }),
  );
  const log = openAdditionLog();
  const many = Array.from({ length: 40_000 }, (_, at) => ({ atMs: at, cells: [`text ${at}`, `${at % 7}`] }));
  const places = many.map((one) => log.append(one, [1]));
  assert.deepEqual(
    places.map((at) => log.read(at)),
    many,
  );
});

test('whoever shares an identifier is one person, whatever is only noted adds nothing', () => {
  const mapping: EventMapping<readonly number[]> = {
    reader: () => () => ({ identities: [], addition: { atMs: 0, cells: [] } }),
    add: (known = [], { atMs }) => [...known, atMs],
    merge: (one, other) => [...one, ...other],
    write: (all) => JSON.stringify(all),
    texts: (all) => ({ aggregates: JSON.stringify(all), fields: '{}' }),
    read: () => [],
    fieldsOf: () => ({}),
  };
  const event = fc.record({
    riids: fc.uniqueArray(fc.nat(12), { maxLength: 3 }),
    counts: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const gathering = gatherPeople(mapping);
      const noted = events.map(({ riids }, atMs) =>
        gathering.note({
          identities: riids.map((riid) => ({ field: 'rs_user_id', value: String(riid) })),
          addition: { atMs, cells: [] },
        }),
      );
      // By the rule alone: sets that share a member are united, until none do.
      let groups: { riids: Set<string>; events: number[] }[] = [];
      events.forEach(({ riids, counts }, at) => {
        if (!counts) return;
        gathering.add(noted[at] ?? -1);
        if (riids.length === 0) return;
        const own = new Set(riids.map(String));
        const [same, others] = [true, false].map((is) =>
          groups.filter((group) => [...own].some((one) => group.riids.has(one)) === is),
        );
        const all = same ?? [];
        groups = [
          ...(others ?? []),
          {
            riids: new Set([...all.flatMap((group) => [...group.riids]), ...own]),
            events: [...all.flatMap((group) => group.events), at].sort((one, other) => one - other),
          },
        ];
      });
      const shown = gathering.people().map(({ identities, aggregates }) => ({
        riids: identities.map(({ value }) => value).sort(),
        events: [...aggregates()].sort((one, other) => one - other),
      }));
      const byFirst = (one: { events: number[] }, other: { events: number[] }): number =>
        (one.events[0] ?? 0) - (other.events[0] ?? 0);
      assert.deepEqual(
        shown.sort(byFirst),
        groups.map((group) => ({ riids: [...group.riids].sort(), events: group.events })).sort(byFirst),
      );
      assert.equal(gathering.events, events.filter(({ counts }) => counts).length);
    }),
  );
});
