/** Fetching from OpenSSH's own server: whole and sealed, or an error and nothing left behind. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ExpectedError } from '../../../jobs/errors.ts';
import { openFolder } from '../../../systems/sftp/index.ts';
import { readSealed } from '../../../systems/sftp/sealed-file.ts';
import { unlessMissing } from '../../harness/programs.ts';
import { startSshServer } from '../../harness/sshd.ts';
import type { SshServer } from '../../harness/sshd.ts';

describe('Fetching', unlessMissing('sshd', 'ssh-keygen'), () => {
  let server: SshServer;
  const name = '1_CLICK_20190103_130532.txt';
  before(async () => {
    server = await startSshServer();
  });
  after(() => server.stop());
  const coded = (code: string) => (error: unknown) => error instanceof ExpectedError && error.code === code;

  test('a file comes whole, is sealed on disk, and a cut or growing one leaves nothing behind', async (t) => {
    const content = randomBytes(64 * 2 ** 20);
    writeFileSync(join(server.home, name), content);
    const spoolPath = join(server.home, '..', 'spool');
    const login = { host: '127.0.0.1', hostKeyFingerprint: server.fingerprint, ...server };
    const open = async () => {
      const folder = await openFolder(login, { folder: '' });
      const [listed] = (await folder.list()).files;
      assert.ok(listed);
      return { folder, listed };
    };
    const { folder, listed } = await open();
    const began = performance.now();
    const { spooled, sha256 } = await folder.download(listed, { spoolPath });
    t.diagnostic(`${Math.round(64 / ((performance.now() - began) / 1000))} MB/s`);
    assert.equal(sha256, createHash('sha256').update(content).digest('hex'));
    const pieces: Buffer[] = [];
    for await (const piece of readSealed(spooled)) pieces.push(piece);
    assert.ok(Buffer.concat(pieces).equals(content));
    assert.ok(!readFileSync(spoolPath).includes(content.subarray(0, 64)));

    const stop = new AbortController();
    const stopped = folder.download(listed, {
      spoolPath,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await assert.rejects(stopped, { name: 'AbortError' });
    assert.ok(!existsSync(spoolPath));
    appendFileSync(join(server.home, name), 'more');
    await assert.rejects(folder.download(listed, { spoolPath }), coded('FILE_CHANGED'));
    await assert.rejects(folder.download({ ...listed, name: 'gone' }, { spoolPath }), coded('FILE_GONE'));
    await folder.close();

    const again = await open();
    const cut = again.folder.download(again.listed, { spoolPath, onProgress: () => server.cut() });
    await assert.rejects(cut, coded('SERVICE_UNAVAILABLE'));
    assert.ok(!existsSync(spoolPath));
  });
});
