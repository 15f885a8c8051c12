/** Rows of delimited text and of JSON: every oddity of the files, and what each line of them becomes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExpectedError } from '../../../jobs/errors.ts';
import { readFileName } from '../../../systems/sftp/file-name.ts';
import { defaultReadiness, isBad, look, openEventTimes } from '../../../systems/sftp/index.ts';
import { readCount } from '../../../systems/sftp/readiness.ts';
import { readDelimited } from '../../../systems/sftp/rows/delimited.ts';
import { readJsonArray, readJsonLines } from '../../../systems/sftp/rows/json.ts';
import { readLines } from '../../../systems/sftp/rows/lines.ts';
import type { RowItem } from '../../../systems/sftp/rows/reading.ts';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

const collect = async (batches: AsyncIterable<readonly RowItem[]>): Promise<RowItem[]> => {
  const items: RowItem[] = [];
  for await (const batch of batches) items.push(...batch);
  return items;
};

const delimited = (
  text: string | Buffer,
  delimiter = ',',
  requiredColumns: readonly string[] = [],
  size = 7,
) => collect(readDelimited(readLines(inPieces(Buffer.from(text), size)), { delimiter, requiredColumns }));
const short = (items: readonly RowItem[]) =>
  items.map((item) => (isBad(item) ? [item.line, item.reason] : [item.line, ...item.cells]));

test('quotes are optional, line ends mixed, a byte order mark and blank lines no rows', async () => {
  const text = '\uFEFF"A",b ,"C"\r\n1,2,3\n\n"x, y","say ""hi""",\r4,it is 5" wide,6\n7,"8\n9",0';
  const items = await delimited(text);
  assert.deepEqual(items.map((item) => 'columns' in item && item.columns)[0], ['a', 'b', 'c']);
  assert.deepEqual(short(items), [
    [2, '1', '2', '3'],
    [4, 'x, y', 'say "hi"', ''],
    [5, '4', 'it is 5" wide', '6'],
    [6, '7', '8\n9', '0'],
  ]);
});

test('a bad line costs itself alone, and its reason holds nothing of it', async () => {
  const long = 'x'.repeat(1_200_000);
  const text = `a,b\n1,2\n3\n"open,4\n5,6\n7,"8"9\n${long},1\n10,\0\n11,12\n`;
  const items = await delimited(text, ',', [], 65_536);
  assert.deepEqual(short(items), [
    [2, '1', '2'],
    [3, 'the line has 1 cells, the header 2'],
    [4, 'a quote is opened and never closed'],
    [5, '5', '6'],
    [6, 'a quote stands where none can be'],
    [7, 'the line is longer than 1000000 bytes'],
    [8, 'a cell has a NUL byte'],
    [9, '11', '12'],
  ]);
});

test('lines with a stray quote each take none between them along, right behind the header either', async () => {
  const text = 'a,b\n1,"open\n2,3\n4,x",y\n';
  for (const size of [7, 1_000])
    assert.deepEqual(short(await delimited(text, ',', [], size)), [
      [2, 'a quote is opened and never closed'],
      [3, '2', '3'],
      [4, 'the line has 3 cells, the header 2'],
    ]);
});

test('each line is UTF-8 or else Latin-1', async () => {
  const latin1 = Buffer.from('a,b\nJosé,Zürich\n', 'latin1');
  const both = Buffer.concat([latin1, Buffer.from('日本,é\n')]);
  assert.deepEqual(short(await delimited(both)), [
    [2, 'José', 'Zürich'],
    [3, '日本', 'é'],
  ]);
});

test('any table, written with any delimiter and cut anywhere, is read as it was', async () => {
  const cell = fc
    .string({ unit: 'grapheme', maxLength: 8 })
    .map((text) => text.replaceAll(/[\r\0\uFEFF]/g, ''));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(',', '|', ';', '\t', '||', '~#~'),
      fc.array(fc.tuple(cell, cell, cell), { maxLength: 20 }),
      fc.integer({ min: 1, max: 60 }),
      async (delimiter, rows, size) => {
        const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const lines = [['c1', 'c2', 'c3'], ...rows].map((row) => row.map(quoted).join(delimiter));
        const items = await delimited(lines.join('\n'), delimiter, ['c1'], size);
        assert.deepEqual(
          items.map((item) => ('cells' in item ? item.cells : item.reason)),
          rows,
        );
      },
    ),
    { numRuns: 300 },
  );
});

test('the wrong delimiter is named with the one that fits; a column that is needed is missed', async () => {
  const fault = (words: RegExp) => (error: unknown) =>
    error instanceof ExpectedError && error.code === 'FILE_HEADER' && words.test(error.message);
  await assert.rejects(
    delimited('RIID|"EVENT_CAPTURED_DT"\n1|2\n', ',', ['riid']),
    fault(/not delimited by "," but by "\|"/),
  );
  await assert.rejects(delimited('a\tb\n'), fault(/"\\t"/));
  await assert.rejects(
    delimited('RIID,x\n1,2\n', ',', ['riid', 'event_captured_dt']),
    fault(/lacks EVENT_CAPTURED_DT/),
  );
  await assert.rejects(
    delimited(Array.from({ length: 10_000 }, (_, at) => `c${at}`).join(',')),
    fault(/10000 columns/),
  );
  assert.deepEqual(await delimited('only\n'), []);
  assert.deepEqual(await delimited(''), []);
});

test('JSON: lines or an array, pretty or not; ids stay exact, a bad object costs itself alone', async () => {
  const objects = ['{"RIID":12345678901234567890,"A":{"b":[1]},"c":null,"d":"x}y\\"{"}', '{"riid":2}'];
  const expected = [['12345678901234567890', '{"b":[1]}', null, 'x}y"{'], ['2']];
  const cells = (items: readonly RowItem[]) =>
    items.map((item) => ('cells' in item ? item.cells : item.reason));
  const array = (text: string, size = 5) => collect(readJsonArray(inPieces(Buffer.from(text), size)));
  const lines = (text: string) => collect(readJsonLines(readLines(inPieces(Buffer.from(text), 5))));
  assert.deepEqual(cells(await array(`[${objects.join(',')}]`)), expected);
  assert.deepEqual(cells(await array(`[\n${objects.join(',\n').replaceAll(':', ' :\n')}\n]\n`)), expected);
  assert.deepEqual(cells(await lines(objects.join('\r\n'))), expected);
  assert.deepEqual(short(await lines('{"a":1}\n{"a":\n[1]\n{"a":2}')), [
    [1, '1'],
    [2, 'is no JSON'],
    [3, 'is no JSON object'],
    [4, '2'],
  ]);
  const long = `[{"a":"${'x'.repeat(2_000_000)}"},\n{"a":1},\n{"a":tru},7,"text",{"a":2}`;
  assert.deepEqual(short(await array(long, 65_536)), [
    [1, 'is longer than 1000000 bytes'],
    [2, '1'],
    [3, 'is no JSON'],
    [3, 'is no JSON object'],
    [3, 'is no JSON object'],
    [3, '2'],
  ]);
});

test('times in either form, in any letter case, in their zone', () => {
  const utc = openEventTimes();
  const at = Date.UTC(2021, 2, 17, 9, 16, 48);
  for (const text of [
    '17-Mar-2021 09:16:48',
    '17-MAR-2021 09:16:48',
    ' 17-mar-2021 09:16:48',
    '2021-03-17T09:16:48Z',
    '2021-03-17 09:16:48',
    '2021-03-17T10:16:48+01:00',
    '2021-03-17T05:46:48-0330',
    '2021-03-17T09:16:48.000Z',
  ])
    assert.equal(utc(text), at, text);
  for (const text of [
    '',
    'null',
    '30-Feb-2021 00:00:00',
    '17-Mrz-2021 09:16:48',
    '17-Mar-2021 24:00:00',
    '17-Mar-2021 23:60:00',
    '17-Mar-2021 2 :00:00',
    '31-Apr-2021 00:00:00',
    '2021-13-01',
    '1616000000',
  ])
    assert.equal(utc(text), undefined, text);
  assert.equal(utc('17-Mar-2021 09:16:60'), at + 11_000);
  const berlin = openEventTimes('Europe/Berlin');
  assert.equal(berlin('17-Mar-2021 09:16:48'), at - 3_600_000);
  assert.equal(berlin('17-Jul-2021 09:16:48'), Date.UTC(2021, 6, 17, 7, 16, 48));
  assert.equal(openEventTimes('+05:30')('2021-03-17 09:16:48'), at - 5.5 * 3_600_000);
  assert.throws(() => openEventTimes('Mars/Olympus'), RangeError);
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('2099-12-31'), noInvalidDate: true }), (date) => {
      assert.equal(utc(date.toISOString()), date.getTime());
    }),
  );
});

test('names are read as Responsys writes them', () => {
  const named = (name: string) => {
    const read = readFileName(name, defaultReadiness);
    return read.role === 'other'
      ? read.role
      : [read.role, read.file.accountId, read.file.type, read.file.stamp, read.file.endings];
  };
  assert.deepEqual(named('80022_BOUNCE_20180912_185817.txt.zip'), [
    'events',
    '80022',
    'BOUNCE',
    '20180912185817',
    '.txt.zip',
  ]);
  assert.deepEqual(named('30336_WEBPUSH_BUTTON_CLICKED_20210317_091649.txt.GPG'), [
    'events',
    '30336',
    'WEBPUSH_BUTTON_CLICKED',
    '20210317091649',
    '.txt.gpg',
  ]);
  assert.deepEqual(named('1_CLICK_20190103_130532.txt.ready')[0], 'marker');
  assert.deepEqual(named('1_CLICK_20190103_130532.count')[0], 'count');
  for (const other of [
    'readme.txt',
    '1_click_20190103_130532.txt',
    '1_CLICK_2019_130532.txt',
    '1_CLICK_20190103_130532',
    'x1_CLICK_20190103_130532.txt',
  ])
    assert.equal(named(other), 'other', other);
});

test('a file is ready with its marker, or after it was the same for long enough; oldest first', () => {
  const file = (name: string, bytes = 1, modifiedMs = 0) => ({ name, bytes, modifiedMs });
  const [late, early] = ['1_OPEN_20190103_130533.txt', '1_CLICK_20190103_130532.txt.gpg'];
  const first = look([file(late), file(early), file('notes.txt')], [], 0, defaultReadiness);
  assert.deepEqual(
    first.files.map((one) => [one.name, one.ready]),
    [
      [early, false],
      [late, false],
    ],
  );
  assert.equal(first.others, 1);
  const ready = (listing: Parameters<typeof look>[0], nowMs: number, settings = defaultReadiness) =>
    look(listing, first.sightings, nowMs, settings)
      .files.filter((one) => one.ready)
      .map((one) => one.name);
  assert.deepEqual(ready([file(late), file(early)], 59_999), []);
  assert.deepEqual(ready([file(late), file(early)], 60_000), [early, late]);
  assert.deepEqual(ready([file(late, 2), file(early, 1, 5)], 999_999), []);
  for (const marker of ['1_CLICK_20190103_130532.ready', `${early}.ready`, `${early}.READY`])
    assert.deepEqual(ready([file(late), file(early), file(marker)], 1), [early], marker);
  assert.deepEqual(ready([file(late)], 99_999, { ...defaultReadiness, requireMarker: true }), []);
  const counted = look([file(early), file(`${early}.count`)], [], 0, defaultReadiness);
  assert.equal(counted.files[0]?.countFile, `${early}.count`);
  assert.deepEqual(
    [readCount('1000\n'), readCount('rows: 12'), readCount('1 of 2'), readCount('x')],
    [1000, 12, undefined, undefined],
  );
});
