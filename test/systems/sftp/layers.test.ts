/** Files packed by gpg, zip and gzip: each packaging gives the same rows, each damage its own error. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { createMessage, encrypt, generateKey } from 'openpgp';
import { ExpectedError } from '../../../jobs/errors.ts';
import type { ErrorCode } from '../../../jobs/errors.ts';
import { prove, unlockPgpKey } from '../../../systems/sftp/index.ts';
import { sealWhileRead } from '../../../systems/sftp/sealed-file.ts';
import { unlessMissing } from '../../harness/programs.ts';
import { allRows, clickText, eventFile, openPacker, pgpPassphrase } from './packaging.ts';
import type { KeyName, Packer } from './packaging.ts';

const coded =
  (code: ErrorCode, words = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof ExpectedError, `${code} expected: ${String(error)}`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
    return true;
  };

describe('Layers', unlessMissing('gpg', 'zip', 'gzip'), () => {
  let packer: Packer;
  const text = Buffer.from(clickText(3000));
  before(() => {
    packer = openPacker();
  });
  after(() => packer.remove());

  const zip = (content: Uint8Array, ...args: readonly string[]): Buffer => {
    packer.write('1_CLICK_20190103_130532.txt', content);
    packer.run('sh', ['-c', 'rm -f out.zip']);
    packer.run('zip', ['-q', ...args, 'out.zip', '1_CLICK_20190103_130532.txt']);
    return readFileSync(join(packer.folder, 'out.zip'));
  };
  const gpg = (content: Uint8Array, key: KeyName, ...args: readonly string[]): Buffer =>
    packer.gpg([...args, '-r', `${key}@example.com`, '--encrypt'], content);

  test('every packaging gives the same rows and the same hash of its plain bytes', async () => {
    const gzipped = gzipSync(text);
    const packagings: Readonly<Record<string, Buffer>> = {
      plain: text,
      zip: zip(text),
      'zip, stored': zip(text, '-0'),
      gzip: gzipped,
      'gzip, two members': Buffer.concat([gzipSync(text.subarray(0, 999)), gzipSync(text.subarray(999))]),
      'gzip in zip': zip(gzipped),
      RSA: gpg(text, 'rsa'),
      Curve25519: gpg(text, 'curve'),
      'RSA, armored': gpg(text, 'rsa', '--armor'),
      'Curve25519, signed': gpg(text, 'curve', '--sign', '-u', 'other@example.com'),
      'RSA, signed, armored, ZLIB': gpg(text, 'rsa', '--sign', '--armor', '--compress-algo', 'zlib'),
      'RSA, BZIP2': gpg(text, 'rsa', '--compress-algo', 'bzip2'),
      'not compressed': gpg(text, 'rsa', '-z', '0'),
      'CAST5, as of old': gpg(text, 'rsa', '--rfc4880', '--cipher-algo', 'CAST5'),
      'hidden recipient': gpg(text, 'curve', '--throw-keyids'),
      'two recipients': gpg(text, 'other', '-r', 'rsa@example.com'),
      'gzip in PGP': gpg(gzipped, 'rsa'),
      'zip in PGP': gpg(zip(text), 'curve'),
      'PGP in zip': zip(gpg(text, 'rsa')),
      'PGP in gzip': gzipSync(gpg(text, 'curve')),
    };
    const [rsa, curve] = [await packer.unlocked('rsa'), await packer.unlocked('curve')];
    const keys = { ...rsa, keys: [...rsa.keys, ...curve.keys] };
    const expected = await allRows(eventFile(await packer.seal(text)));
    assert.equal(expected.length, 3000);
    const { plainSha256 } = await prove(eventFile(await packer.seal(text)));
    for (const [name, content] of Object.entries(packagings)) {
      const file = eventFile(await packer.seal(content), { keys });
      const proof = await prove(file, 3000);
      assert.deepEqual([proof.plainSha256, proof.plainBytes], [plainSha256, text.length], name);
      assert.deepEqual(await allRows(file), expected, name);
    }
    assert.deepEqual(
      readdirSync(packer.folder).filter((name) => name.endsWith('.sealed')),
      [],
    );
  });

  test('AEAD messages of the new format are read, and an altered one is refused', async () => {
    // gpg of Debian writes none; the key has to say that its owner reads them.
    const config = { aeadProtect: true };
    const made = await generateKey({ userIDs: [{ email: 'aead@example.com' }], format: 'object', config });
    const message = await createMessage({ binary: new Uint8Array(text) });
    const content = Buffer.from(
      (await encrypt({ message, encryptionKeys: made.publicKey, format: 'binary', config })) as Uint8Array,
    );
    const key = { keys: [made.privateKey], fingerprint: '' };
    assert.equal((await allRows(eventFile(await packer.seal(content), { keys: key }))).length, 3000);
    content[content.length >> 1] = (content[content.length >> 1] ?? 0) ^ 1;
    await assert.rejects(prove(eventFile(await packer.seal(content), { keys: key })), coded('FILE_TAMPERED'));
  });

  test('each damage has its own error, before any row is used', async () => {
    const keys = await packer.unlocked('rsa');
    const flip = (content: Buffer, at: number): Buffer => {
      const altered = Buffer.from(content);
      altered[at] = (altered[at] ?? 0) ^ 1;
      return altered;
    };
    const [encrypted, armored] = [gpg(text, 'rsa'), gpg(text, 'rsa', '--armor')];
    const [zipped, gzipped] = [zip(text), gzipSync(text)];
    const half = (content: Buffer): Buffer => content.subarray(0, content.length >> 1);
    const zeros = Buffer.alloc(40_000_000, 'a\n');
    const cases: readonly (readonly [string, Buffer, ErrorCode])[] = [
      ['half a PGP message', half(encrypted), 'FILE_TRUNCATED'],
      ['a PGP message without its last byte', encrypted.subarray(0, -1), 'FILE_TRUNCATED'],
      ['half an armored message', half(armored), 'FILE_TRUNCATED'],
      ['half a zip', half(zipped), 'FILE_TRUNCATED'],
      ['half a gzip', half(gzipped), 'FILE_TRUNCATED'],
      ['half a JSON array', Buffer.from('[{"riid":1},{"riid'), 'FILE_TRUNCATED'],
      ['half a gzip in PGP', gpg(half(gzipped), 'rsa'), 'FILE_TRUNCATED'],
      ['PGP, last byte altered', flip(encrypted, encrypted.length - 1), 'FILE_TAMPERED'],
      ['PGP, middle altered', flip(encrypted, encrypted.length >> 1), 'FILE_TAMPERED'],
      ['PGP, begin of the content altered', flip(encrypted, 320), 'FILE_TAMPERED'],
      ['PGP with something behind it', Buffer.concat([encrypted, Buffer.from('zz')]), 'FILE_TAMPERED'],
      ['zip, altered', flip(zipped, 1000), 'FILE_TAMPERED'],
      ['gzip, altered checksum', flip(gzipped, gzipped.length - 6), 'FILE_TAMPERED'],
      ['another’s key', gpg(text, 'other'), 'FILE_WRONG_KEY'],
      ['to a password', packer.gpg(['--symmetric'], text), 'FILE_PASSWORD_NEEDED'],
      ['zip with a password', zip(text, '-P', 'secret'), 'FILE_PASSWORD_NEEDED'],
      [
        'signed, not encrypted',
        packer.gpg(['--sign', '--armor', '-u', 'rsa@example.com'], text),
        'FILE_NOT_DECRYPTABLE',
      ],
      ['a zip bomb', zip(zeros), 'FILE_TOO_LARGE'],
      ['a gzip bomb', gzipSync(zeros), 'FILE_TOO_LARGE'],
      ['a bomb in PGP', gpg(zeros, 'rsa'), 'FILE_TOO_LARGE'],
      [
        'a picture',
        Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 1, 2, 3]),
        'FILE_FORM_UNKNOWN',
      ],
      ['UTF-16', Buffer.from(`\uFEFF${text.toString()}`, 'utf16le'), 'FILE_FORM_UNKNOWN'],
    ];
    for (const [name, content, code] of cases) {
      const file = eventFile(await packer.seal(content), { keys, freeBytes: 1_000_000 });
      await assert.rejects(prove(file), (error) => {
        assert.ok(error instanceof ExpectedError, `${name}: ${String(error)}`);
        assert.equal(error.code, code, `${name}: ${error.message}`);
        return true;
      });
    }
    await assert.rejects(
      prove(eventFile(await packer.seal(encrypted))),
      coded('FILE_WRONG_KEY', /has no PGP key/),
    );
    await assert.rejects(
      prove(eventFile(await packer.seal(text)), 2999),
      coded('FILE_COUNT_DIFFERS', /3000.*2999/),
    );
  });

  test('a message that comes slowly is waited for, one that stands still is given up', async () => {
    const made = await generateKey({ userIDs: [{ email: 'still@example.com' }], format: 'object' });
    const message = await createMessage({ binary: new Uint8Array() });
    // A packet that is compressed in a way that does not exist: the library waits for ever.
    const packet = Buffer.concat([Buffer.from([0xa3, 0xd4]), Buffer.alloc(200_000)]);
    Object.assign(message.packets, { write: () => new Uint8Array(packet) });
    const still = (await encrypt({
      message,
      encryptionKeys: made.publicKey,
      format: 'binary',
    })) as Uint8Array;
    const keys = { keys: [made.privateKey, ...(await packer.unlocked('rsa')).keys], fingerprint: '' };
    const stallMs = 100;
    const proveSlowly = async (content: Uint8Array) => {
      const pieces = async function* (): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < content.length; at += 100_000) {
          yield content.subarray(at, at + 100_000);
          await wait(2.5 * stallMs);
        }
      };
      const path = join(packer.folder, 'slow.spool');
      const { sealed, done } = sealWhileRead(path, pieces(), content.length);
      const { unwrapping, ...file } = eventFile(sealed, { keys });
      const proven = prove({ ...file, unwrapping: { ...unwrapping, stallMs } });
      await Promise.allSettled([proven, done]);
      return proven;
    };
    const whole = gpg(text, 'rsa', '-z', '0');
    assert.equal((await proveSlowly(whole)).plainBytes, text.length);
    assert.equal((await proveSlowly(gpg(text, 'rsa', '-z', '0', '--armor'))).plainBytes, text.length);
    await assert.rejects(proveSlowly(whole.subarray(0, -1)), coded('FILE_TRUNCATED'));
    await assert.rejects(proveSlowly(still), coded('FILE_TAMPERED'));
  });

  test('a proof ends when the file does not come any further', async () => {
    const more = randomBytes(300_000);
    const packings: Readonly<Record<string, Buffer>> = {
      plain: more,
      gzip: gzipSync(more),
      zip: zip(more, '-0'),
      PGP: gpg(more, 'rsa'),
      'PGP, signed': gpg(more, 'rsa', '--sign', '-u', 'other@example.com'),
      'PGP, armored': gpg(more, 'rsa', '--armor'),
      'zip in PGP': gpg(zip(more), 'rsa'),
      'PGP in gzip': gzipSync(gpg(more, 'rsa')),
    };
    const keys = await packer.unlocked('rsa');
    for (const [name, content] of Object.entries(packings))
      for (const share of [0, 0.5, 1]) {
        const failure = new Error('the line was cut');
        const pieces = async function* (): AsyncGenerator<Uint8Array> {
          for (let at = 0; at < content.length * share; at += 50_000)
            yield await Promise.resolve(content.subarray(at, at + 50_000));
          throw failure;
        };
        const path = join(packer.folder, 'cut.spool');
        const { sealed, done } = sealWhileRead(path, pieces(), content.length);
        const proven = assert.rejects(prove(eventFile(sealed, { keys })), name);
        await assert.rejects(done, failure);
        await proven;
      }
  });

  test('a private key is taken armored or binary; what does not unlock it is told by its field', async () => {
    for (const form of ['armored', 'binary'] as const)
      for (const name of ['rsa', 'curve'] as const) {
        const fields = { pgpPrivateKey: packer.privateKey(name, form), pgpPassphrase };
        assert.match((await unlockPgpKey(fields)).fingerprint, /^[0-9A-F]{40}$/);
        await assert.rejects(
          unlockPgpKey({ ...fields, pgpPassphrase: 'canary' }),
          coded('INPUT_NOT_VALID', /^PGP Private Key Passphrase: does not unlock(?!.*canary)/),
        );
      }
    const publicKey = packer.gpg(['--export', '--armor', 'rsa@example.com'], Buffer.alloc(0)).toString();
    await assert.rejects(
      unlockPgpKey({ pgpPrivateKey: publicKey, pgpPassphrase }),
      coded('INPUT_NOT_VALID', /public key/),
    );
    await assert.rejects(
      unlockPgpKey({ pgpPrivateKey: 'x', pgpPassphrase }),
      coded('INPUT_NOT_VALID', /cannot be read/),
    );
  });

  test('a spooled file that is altered on disk is noticed, and its text stands nowhere in it', async () => {
    const sealed = await packer.seal(text);
    const stored = readFileSync(sealed.path);
    assert.ok(!stored.includes('example.com'));
    stored[stored.length - 20] = (stored[stored.length - 20] ?? 0) ^ 1;
    packer.write(sealed.path.split('/').at(-1) ?? '', stored);
    await assert.rejects(prove(eventFile(sealed)), /is not as it was written/);
  });
});
