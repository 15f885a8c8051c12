/** Logging in to OpenSSH's own server: keys, host keys, algorithms, and what each fault is called. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ExpectedError } from '../../../jobs/errors.ts';
import { connect, readHostKey } from '../../../systems/sftp/connection.ts';
import type { SftpLogin } from '../../../systems/sftp/connection.ts';
import { joinFolders, listFolder, putAway } from '../../../systems/sftp/folder.ts';
import { unlessMissing } from '../../harness/programs.ts';
import { passphrase, startSshServer } from '../../harness/sshd.ts';
import type { SshServer } from '../../harness/sshd.ts';

const saying = (code: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ExpectedError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, words);
  return true;
};

describe('Logging in', unlessMissing('sshd', 'ssh-keygen'), () => {
  let server: SshServer;
  before(async () => {
    server = await startSshServer();
  });
  after(() => server.stop());
  const login = (other: Partial<SftpLogin> = {}): SftpLogin => ({
    host: '127.0.0.1',
    port: server.port,
    username: server.username,
    privateKey: server.privateKey.trim(),
    hostKeyFingerprint: server.fingerprint,
    ...other,
  });

  test('every form of a private key logs in, with its passphrase', async () => {
    for (const privateKey of [...Object.values(server.locked), server.locked.pem.replaceAll('\n', '\r\n')]) {
      const connection = await connect(login({ privateKey, privateKeyPassphrase: passphrase }));
      assert.equal(connection.hostKeyFingerprint, server.fingerprint);
      await connection.close();
    }
    for (const privateKey of Object.values(server.locked)) {
      await assert.rejects(
        connect(login({ privateKey })),
        saying('INPUT_NOT_VALID', /Passphrase: .* none is set/),
      );
      await assert.rejects(
        connect(login({ privateKey, privateKeyPassphrase: 'not it' })),
        saying('INPUT_NOT_VALID', /Passphrase: does not unlock/),
      );
    }
  });

  test('a key that is none, is public or is not registered is told so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-key-'));
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'other')]);
    const key = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const cases = [
      [key('other'), 'AUTHORIZATION_REFUSED', /refuses the user/],
      [key('other.pub'), 'INPUT_NOT_VALID', /public key/],
      [key('other').slice(0, 200), 'INPUT_NOT_VALID', /cannot be read/],
      ['secret-canary', 'INPUT_NOT_VALID', /^Private Key: cannot be read(?!.*canary)/],
    ] as const;
    for (const [privateKey, code, words] of cases)
      await assert.rejects(connect(login({ privateKey })), saying(code, words));
    rmSync(folder, { recursive: true });
  });

  test('without a confirmed host key there is no login, and the message has the one that was shown', async () => {
    const unpinned = login({ hostKeyFingerprint: undefined });
    await assert.rejects(
      connect(unpinned),
      (error) =>
        saying('INPUT_NOT_VALID', /not confirmed yet/)(error) && String(error).includes(server.fingerprint),
    );
    assert.equal(await readHostKey(unpinned), server.fingerprint);
  });

  test('a server that cannot be reached is unavailable, and waiting for it can be given up', async () => {
    await assert.rejects(connect(login({ port: 1 })), saying('SERVICE_UNAVAILABLE', /ECONNREFUSED/));
    await assert.rejects(
      connect(login({ host: 'nowhere.invalid' })),
      saying('SERVICE_UNAVAILABLE', /ENOTFOUND|EAI_AGAIN/),
    );
    await assert.rejects(connect(login(), AbortSignal.abort(new Error('stop'))), /stop/);
  });

  test('an old server is reached once its algorithms are named', async () => {
    const old = await startSshServer(['KexAlgorithms diffie-hellman-group14-sha1', 'Ciphers aes128-cbc']);
    try {
      const narrow = login({
        port: old.port,
        privateKey: old.privateKey,
        hostKeyFingerprint: old.fingerprint,
      });
      await assert.rejects(
        connect(narrow),
        saying('CONFIGURATION_REFUSED', /key exchange.*Extra Algorithms/),
      );
      const wide = { ...narrow, extraAlgorithms: 'diffie-hellman-group14-sha1, aes128-cbc' };
      await (await connect(wide)).close();
      await assert.rejects(
        connect({ ...narrow, extraAlgorithms: 'rot13' }),
        saying('INPUT_NOT_VALID', /"rot13".*diffie-hellman-group1-sha1/),
      );
    } finally {
      await old.stop();
    }
  });

  test('a listing has the files of the folder, and follows neither links nor folders', async () => {
    const folder = join(server.home, 'download');
    mkdirSync(join(folder, 'deeper'), { recursive: true });
    writeFileSync(join(folder, '1_CLICK_20190103_130532.txt'), 'abc');
    symlinkSync('/etc/passwd', join(folder, '1_OPEN_20190103_130532.txt'));
    const connection = await connect(login());
    try {
      const found = await listFolder(connection, joinFolders('', 'download'));
      assert.equal(found.path, folder);
      assert.deepEqual(
        found.files.map(({ name, bytes }) => [name, bytes]),
        [['1_CLICK_20190103_130532.txt', 3]],
      );
      assert.deepEqual([found.folders, found.notFiles], [['deeper'], 1]);
      assert.equal((await listFolder(connection, joinFolders('elsewhere', folder))).path, folder);
      await assert.rejects(
        listFolder(connection, 'no-such'),
        saying('CONFIGURATION_REFUSED', /no "no-such"/),
      );

      const file = `${folder}/1_CLICK_20190103_130532.txt`;
      await putAway(connection, file, { move: 'done' });
      await putAway(connection, file, { move: 'done' });
      writeFileSync(file, 'another of that name');
      await putAway(connection, file, { move: 'done' });
      const done = await listFolder(connection, 'download/done');
      assert.deepEqual(
        done.files.map(({ bytes }) => bytes).sort((one, other) => one - other),
        [3, 20],
      );
      writeFileSync(file, 'to be deleted');
      await putAway(connection, file, 'delete');
      assert.deepEqual((await listFolder(connection, 'download')).files, []);
    } finally {
      await connection.close();
    }
  });

  test('a changed host key stops the login, and both fingerprints are told', async () => {
    await server.changeHostKey();
    await assert.rejects(connect(login()), (error) => {
      saying('HOST_KEY_CHANGED', /Nothing was sent/)(error);
      assert.deepEqual(new Set(String(error).match(/SHA256:[\w+/]{43}/g)).size, 2);
      return String(error).includes(server.fingerprint);
    });
  });
});

test('a job’s folder lies below the authorization’s, unless it is absolute', () => {
  assert.deepEqual(
    [
      joinFolders('', ''),
      joinFolders('download', ''),
      joinFolders('download', 'ced'),
      joinFolders('/a', '/b'),
    ],
    ['.', 'download', 'download/ced', '/b'],
  );
});
