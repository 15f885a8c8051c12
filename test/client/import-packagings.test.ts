/**
 * The same events in every packaging, made by gpg, zip and gzip, for keys of both kinds, fetched from OpenSSH:
 * all are imported, and the profiles from each are the same.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { unlessMissing } from '../harness/programs.ts';
import { openEventFolder } from './event-folder.ts';
import type { EventFolder } from './event-folder.ts';

const people = 20;
const header = 'EVENT_TYPE_ID|LIST_ID|RIID|EVENT_CAPTURED_DT|CAMPAIGN_ID|LAUNCH_ID|OFFER_NAME|OFFER_URL';
const rows = Array.from({ length: 400 }, (_, at) => {
  const [minute, second] = [Math.floor(at / 60), at % 60].map((part) => String(part).padStart(2, '0'));
  return `5|5|${10 + (at % people)}|31-Jan-2026 19:${minute}:${second}|900|901|Spring|http://shop.example/${at % 7}`;
});
const textOf = (some: readonly string[]): Buffer => Buffer.from(`${[header, ...some].join('\r\n')}\r\n`);
const text = textOf(rows);

/** The packets in front of the encrypted data, with headers of the new format in the place of the old. */
function withNewHeaders(message: Buffer): Buffer {
  const packets: Buffer[] = [];
  let at = 0;
  for (let tag = message[at] ?? 0; (tag & 0xc0) === 0x80; tag = message[at] ?? 0) {
    const isLong = (tag & 3) === 1;
    const length = isLong ? message.readUInt16BE(at + 1) : message.readUInt8(at + 1);
    const begin = at + (isLong ? 3 : 2);
    const size = Buffer.alloc(5, 0xff);
    size.writeUInt32BE(length, 1);
    packets.push(Buffer.of(0xc0 | ((tag >> 2) & 0x0f)), size, message.subarray(begin, begin + length));
    at = begin + length;
  }
  return Buffer.concat([...packets, message.subarray(at)]);
}

describe('Packagings', unlessMissing('sshd', 'ssh-keygen', 'gpg', 'zip'), () => {
  let folder: EventFolder;
  before(async () => {
    folder = await openEventFolder();
  });
  after(() => folder.close());

  const zip = (contents: readonly Uint8Array[], ...args: readonly string[]): Buffer => {
    const { packer } = folder;
    const names = contents.map((_, at) => `1_CLICK_20260131_19000${at}.txt`);
    contents.forEach((content, at) => packer.write(names[at] ?? '', content));
    packer.run('rm', ['-f', 'out.zip']);
    packer.run('zip', ['-q', ...args, 'out.zip', ...names]);
    return readFileSync(join(packer.folder, 'out.zip'));
  };
  const parts = [textOf(rows.slice(0, 150)), textOf(rows.slice(150, 151)), textOf(rows.slice(151))];

  function packagings(key: 'rsa' | 'curve'): Readonly<Record<string, Buffer>> {
    const { packer } = folder;
    const gpg = (content: Uint8Array, ...args: readonly string[]): Buffer =>
      packer.gpg([...args, '-r', `${key}@example.com`, '--encrypt'], content);
    const signed = ['--sign', '-u', 'other@example.com'];
    const made = {
      plain: text,
      gzip: gzipSync(text),
      'zip with one entry': zip([text]),
      'zip with several entries': zip(parts),
      'PGP, binary': gpg(text),
      'PGP, armored': gpg(text, '--armor'),
      'ZIP inside': gpg(text, '--compress-algo', 'zip'),
      'ZLIB inside': gpg(text, '--compress-algo', 'zlib'),
      'BZIP2 inside': gpg(text, '--compress-algo', 'bzip2'),
      'not compressed': gpg(text, '-z', '0'),
      'signed and encrypted': gpg(text, ...signed),
      'signed, encrypted, armored, compressed': gpg(text, ...signed, '--armor', '--compress-algo', 'zlib'),
      'AES128, as RFC 4880 has it': gpg(text, '--rfc4880', '--cipher-algo', 'AES128'),
      'old packet format': gpg(text),
      'new packet format': withNewHeaders(gpg(text)),
      'hidden recipient': gpg(text, '--throw-keyids'),
      'two recipients': gpg(text, '-r', 'other@example.com'),
      'PGP around zip': gpg(zip([text])),
      'PGP around zip with several entries': gpg(zip(parts)),
      'PGP around gzip': gpg(gzipSync(text)),
      'zip around PGP': zip([gpg(text)]),
      'zip around several in PGP': zip(parts.map((part) => gpg(part))),
      'gzip around PGP': gzipSync(gpg(text)),
    };
    for (const format of ['old', 'new'] as const) {
      const listed = packer.gpg(['--list-packets'], made[`${format} packet format`]).toString();
      const isNew = / tag=1 .*new-ctb/.test(listed);
      assert.equal(isNew, format === 'new', listed);
    }
    return made;
  }

  test('each packaging, for RSA and Curve25519 keys, gives the same profiles', async () => {
    const names = new Map<string, string>();
    const jobs: { readonly id: string; readonly files: number }[] = [];
    for (const [at, key] of (['rsa', 'curve'] as const).entries()) {
      mkdirSync(join(folder.home, key));
      const form = key === 'rsa' ? 'armored' : 'binary';
      await folder.authorize(key, folder.packer.privateKey(key, form));
      const made = Object.entries(packagings(key));
      // RIIDs are of an account: in another account, the same events are of other people.
      for (const [index, [name, content]] of made.entries()) {
        const account = String(1000 * (at + 1) + index);
        names.set(account, `${name}, ${key}`);
        // The name says nothing of what is inside.
        folder.put(`${key}/${account}_CLICK_20260131_190000.txt`, content);
      }
      jobs.push({ id: await folder.start(key, { folder: key, parallelFiles: 4 }), files: made.length });
    }
    for (const { id, files } of jobs) {
      const seen = await folder.filesAre(
        id,
        (all) => all.length === files && all.every(({ state }) => state === 'done' || state === 'failed'),
      );
      for (const { path, state, reason, events } of seen)
        assert.deepEqual(
          { state, reason, events },
          { state: 'done', reason: '', events: rows.length },
          names.get(path.split('_')[0] ?? ''),
        );
    }
    const { rows: profiles } = await folder.store.query<{ fields: Record<string, unknown> }>(
      'select fields from profiles',
    );
    const byPerson = Map.groupBy(profiles, ({ fields }) => fields['rs_user_id']);
    assert.equal(byPerson.size, people);
    for (const [riid, own] of byPerson) {
      assert.equal(own.length, names.size, `one profile of ${String(riid)} in each account`);
      assert.equal(own[0]?.fields['email_click_ct'], rows.length / people);
      for (const { fields } of own) assert.deepEqual(fields, own[0].fields);
    }
  });
});
