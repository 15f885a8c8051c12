/**
 * Each damaged or odd file through a whole import: what becomes of it, and what is said, is what the table of
 * docs/import-files.md has. Nothing is lost, nothing half counted: each file's person has the clicks of the
 * rows that the table says were taken, and no more.
 */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { unlessMissing } from '../harness/programs.ts';
import { openEventFolder } from './event-folder.ts';
import type { EventFolder, StoredFile } from './event-folder.ts';

const rows = 100;
const header = 'EVENT_TYPE_ID|RIID|EVENT_CAPTURED_DT|CAMPAIGN_ID|LAUNCH_ID|OFFER_URL';
const click = (riid: number, at: number, url = `http://shop.example/${at}`): string =>
  `5|${riid}|31-Jan-2026 19:${String(Math.floor(at / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}|900|901|${url}`;
const clicks = (riid: number, count = rows): string[] =>
  Array.from({ length: count }, (_, at) => click(riid, at));
const text = (lines: readonly string[], end = '\n'): Buffer =>
  Buffer.from(lines.map((line) => line + end).join(''));
const half = (content: Buffer): Buffer => content.subarray(0, content.length >> 1);
function altered(content: Buffer, at: number): Buffer {
  const copy = Buffer.from(content);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe('Damaged files', unlessMissing('sshd', 'ssh-keygen', 'gpg', 'zip'), () => {
  let folder: EventFolder;
  before(async () => {
    folder = await openEventFolder();
  });
  after(() => folder.close());

  const zip = (content: Uint8Array, ...args: readonly string[]): Buffer => {
    folder.packer.write('1_CLICK_20260131_190000.txt', content);
    folder.packer.run('rm', ['-f', 'out.zip']);
    folder.packer.run('zip', ['-q', ...args, 'out.zip', '1_CLICK_20260131_190000.txt']);
    return readFileSync(join(folder.packer.folder, 'out.zip'));
  };
  const gpg = (content: Uint8Array, ...args: readonly string[]): Buffer =>
    folder.packer.gpg([...args, '--encrypt', '-r', 'rsa@example.com'], content);

  /** Files that lie there as they are: the table's name of each, and its content for a person. */
  const lying: Readonly<Record<string, (riid: number) => Buffer>> = {
    'PGP, cut off in the middle': (riid) => half(gpg(whole(riid))),
    'PGP, its last byte missing': (riid) => gpg(whole(riid)).subarray(0, -1),
    'PGP armored, cut off': (riid) => half(gpg(whole(riid), '--armor')),
    'zip, cut off': (riid) => half(zip(whole(riid))),
    'gzip, cut off': (riid) => half(gzipSync(whole(riid))),
    'PGP around a gzip that is cut off': (riid) => gpg(half(gzipSync(whole(riid)))),
    'plain text, cut off in a row, without marker or count': (riid) => whole(riid).subarray(0, -40),
    'JSON array, cut off': (riid) => half(Buffer.from(JSON.stringify(objects(riid)))),
    'PGP, altered': (riid) => {
      const content = gpg(whole(riid));
      return altered(content, content.length - 5);
    },
    'zip, altered': (riid) => altered(zip(whole(riid)), 200),
    'gzip, altered': (riid) => {
      const content = gzipSync(whole(riid));
      return altered(content, content.length - 6);
    },
    'encrypted to another key': (riid) =>
      folder.packer.gpg(['--encrypt', '-r', 'other@example.com'], whole(riid)),
    'encrypted to a password': (riid) => folder.packer.gpg(['--symmetric'], whole(riid)),
    'zip with a password': (riid) => zip(whole(riid), '-P', 'secret'),
    'signed, not encrypted': (riid) => folder.packer.gpg(['--sign', '-u', 'rsa@example.com'], whole(riid)),
    'a picture': () => Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108', 'hex'),
    'UTF-16': (riid) => Buffer.from(`\uFEFF${whole(riid).toString()}`, 'utf16le'),
    'a zip bomb': () => zip(Buffer.alloc(40_000_000, 'a\n')),
    'a gzip bomb in PGP': () => gpg(gzipSync(Buffer.alloc(40_000_000, 'a\n'))),
    '10,000 columns': (riid) => {
      const more = Array.from({ length: 9_994 }, (_, at) => at);
      return text([
        `${header}|${more.map((at) => `C${at}`).join('|')}`,
        `${click(riid, 1)}|${more.join('|')}`,
      ]);
    },
    'a field of a megabyte in one row': (riid) =>
      text([header, ...clicks(riid, rows - 1), click(riid, rows, 'x'.repeat(1_000_000))]),
    'a NUL byte in one row': (riid) =>
      text([header, ...clicks(riid, rows - 1), click(riid, rows, 'http://\0')]),
    'line ends of all three kinds, mixed': (riid) =>
      Buffer.from(
        [header, ...clicks(riid)].map((row, at) => `${row}${['\n', '\r\n'][at % 3] ?? '\r'}`).join(''),
      ),
    'a blank line behind each row': (riid) => text([header, ...clicks(riid)], '\n\n'),
    'another delimiter': (riid) => Buffer.from(whole(riid).toString().replaceAll('|', ';')),
    'no EVENT_CAPTURED_DT in the header': (riid) =>
      Buffer.from(whole(riid).toString().replace('EVENT_CAPTURED_DT', 'WHEN')),
    'no header': (riid) => text(clicks(riid)),
    'a row with a cell too many': (riid) =>
      text([header, ...clicks(riid, rows - 1), `${click(riid, rows)}|x`]),
    'a row without a time that can be read': (riid) =>
      text([header, ...clicks(riid, rows - 1), click(riid, rows).replace('31-Jan', '31-Foo')]),
    'a quote that is never closed': (riid) =>
      text([
        header,
        `5|${riid}|"31-Jan-2026 19:59:59|900|901|http://shop.example/`,
        ...clicks(riid, rows - 1),
      ]),
    empty: () => Buffer.alloc(0),
    'PGP around nothing': () => gpg(Buffer.alloc(0)),
    'header only': () => text([header]),
    'whole, but its count file says one row more': (riid) => whole(riid),
  };
  const whole = (riid: number): Buffer => text([header, ...clicks(riid)]);
  const objects = (riid: number): object[] =>
    clicks(riid).map((line) => {
      const cells = line.split('|');
      return Object.fromEntries(header.split('|').map((name, at) => [name, cells[at]]));
    });

  /** The table's rows by their names: state, events, known already, set aside, what is said. */
  const documented = new Map(
    readFileSync(new URL('../../docs/import-files.md', import.meta.url), 'utf8')
      .split('\n')
      .filter((row) => /^\| .*\| +\d+ \|/.test(row))
      .map((row) => row.slice(2, -2).split(/ +\| +/))
      .map(
        ([name = '', ...cells]) =>
          [
            name,
            cells
              .join(' | ')
              .replaceAll(String.raw`\|`, '|')
              .trim(),
          ] as const,
      ),
  );
  const checked = new Set<string>();

  async function check(name: string, file: StoredFile, riid: number, counted = file.events): Promise<void> {
    const { rows: setAside } = await folder.store.query<{ said: string }>(
      "select 'line ' || line || ': ' || reason as said from set_aside_events where file_id = $1 order by line",
      [file.id],
    );
    const said = file.reason === '' ? setAside.map((row) => row.said).join('; ') : file.reason;
    const became = [file.state, file.events, file.known, file.setAside, said].join(' | ').trim();
    const pattern = (documented.get(name) ?? 'no such row')
      .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll('…', '.+');
    assert.match(became, new RegExp(`^${pattern}$`), name);
    assert.equal(await clicksOf(riid), counted, `profile of "${name}"`);
    checked.add(name);
  }
  const clicksOf = async (riid: number): Promise<number> =>
    (
      await folder.store.query<{ clicks: number }>(
        `select coalesce(sum((fields ->> 'email_click_ct')::int), 0)::int as clicks from profiles
          where fields ->> 'rs_user_id' = $1`,
        [String(riid)],
      )
    ).rows[0]?.clicks ?? -1;

  const fileName = (at: number): string => `1_CLICK_20260131_${String(190_000 + at)}.txt`;
  const isAtRest = ({ state }: StoredFile): boolean => !['waiting', 'ready', 'reading'].includes(state);
  const only = (files: readonly StoredFile[], state: string): boolean =>
    files.length === 1 && files[0]?.state === state;

  test('what lies in the folder gives what the documentation says, and counts what it says', async () => {
    await folder.authorize('Files', folder.packer.privateKey('rsa', 'armored'));
    const names = Object.keys(lying);
    for (const [at, make] of Object.values(lying).entries()) folder.put(fileName(at), make(1_000 + at));
    folder.put(fileName(names.length - 1).replace('.txt', '.count'), String(rows + 1));
    const id = await folder.start('Files', { parallelFiles: 4 });
    const files = await folder.filesAre(id, (all) => all.length === names.length && all.every(isAtRest));
    for (const [at, file] of files.entries()) await check(names[at] ?? '', file, 1_000 + at);
    await folder.product.json('jobs', 'stop', id);
  });

  test('so does what happens to a file meanwhile', async () => {
    const unlocked = (await folder.packer.unlocked('rsa')).keys[0]?.armor() ?? '';
    await folder.authorize('Without passphrase', unlocked, 'not asked for');
    const place = join(folder.home, 'meanwhile');
    mkdirSync(place);
    const put = (name: string, content: Uint8Array): void => folder.put(`meanwhile/${name}`, content);
    const id = await folder.start('Without passphrase', { folder: 'meanwhile', stableFor: '3s' });
    const named = async (name: string, areSo: (files: readonly StoredFile[]) => boolean) => {
      const of = (all: readonly StoredFile[]) => all.filter(({ path }) => path === name);
      return of(await folder.filesAre(id, (all) => areSo(of(all))));
    };
    const checkLast = async (name: string, files: readonly StoredFile[], riid: number): Promise<void> => {
      const last = files.at(-1);
      assert.ok(last, name);
      await check(name, last, riid, rows);
    };

    // Growing from the first look on, for longer than a file has to rest.
    put(fileName(0), text([header, ...clicks(2_000, 50)]));
    put(`${fileName(1)}.filepart`, whole(2_001));
    put(fileName(2), whole(2_002));
    put(fileName(3), gpg(whole(2_003)));
    put(fileName(4), text([header, ...clicks(2_004, 60)]));
    await named(fileName(2), (files) => only(files, 'waiting'));
    rmSync(join(place, fileName(2)));
    for (let at = 50; at < rows; at += 5) {
      appendFileSync(join(place, fileName(0)), text(clicks(2_000, rows).slice(at, at + 5)));
      await wait(500);
      assert.ok(
        only(
          (await folder.files(id)).filter(({ path }) => path === fileName(0)),
          'waiting',
        ),
      );
      assert.equal(await clicksOf(2_000), 0);
    }
    const done = (files: readonly StoredFile[]): boolean => only(files, 'done');
    await checkLast('growing while the folder is looked at', await named(fileName(0), done), 2_000);
    await checkLast('encrypted to a key that has no passphrase', await named(fileName(3), done), 2_003);
    await named(fileName(4), done);

    // The same again: under another name, anew under its own name, and with more rows.
    renameSync(join(place, fileName(0)), join(place, fileName(10)));
    utimesSync(join(place, fileName(3)), new Date(), new Date());
    put(fileName(4), whole(2_004));
    const ended = (count: number) => (files: readonly StoredFile[]) =>
      files.length === count && files.every(isAtRest);
    await checkLast('renamed after it was imported', await named(fileName(10), ended(1)), 2_000);
    await checkLast('delivered again as it was', await named(fileName(3), ended(2)), 2_003);
    await checkLast('delivered again, with 40 rows more', await named(fileName(4), ended(2)), 2_004);
    assert.deepEqual(
      (await folder.files(id))
        .map(({ path }) => path)
        .filter((path) => !/19(0000|0003|0004|0010)\.txt$/.test(path)),
      [],
      'what is under way or gone is not listed',
    );
  });

  test('the documentation has no row that was not tried', () => {
    assert.deepEqual([...checked].sort(), [...documented.keys()].sort());
  });
});
