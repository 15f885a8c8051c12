/** Fetching from OpenSSH's own server: whole and sealed, or an error and nothing left behind. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ExpectedError } from '../../../jobs/errors.ts';
import type { Download } from '../../../systems/sftp/download.ts';
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

  test('a file comes whole, is sealed on disk, is read meanwhile, and a cut or growing one leaves nothing behind', async (t) => {
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
    const { spooled, fetched } = folder.download(listed, { spoolPath });
    const come: string[] = [];
    const pieces: Buffer[] = [];
    const reading = (async () => {
      for await (const piece of readSealed(spooled)) if (pieces.push(piece) === 100) come.push('100 blocks');
    })();
    const { sha256 } = await fetched;
    t.diagnostic(`${Math.round(64 / ((performance.now() - began) / 1000))} MB/s`);
    come.push('all');
    await reading;
    assert.deepEqual(come, ['100 blocks', 'all'], 'it is read while it comes');
    assert.equal(sha256, createHash('sha256').update(content).digest('hex'));
    assert.ok(Buffer.concat(pieces).equals(content));
    assert.ok(!readFileSync(spoolPath).includes(content.subarray(0, 64)));

    const fails = async (
      { spooled, fetched }: Download,
      expected: object | ((error: unknown) => boolean),
    ): Promise<void> => {
      const reads = assert.rejects(async () => {
        for await (const piece of readSealed(spooled)) assert.ok(piece.length > 0);
      });
      await assert.rejects(fetched, expected);
      await reads;
      assert.ok(!existsSync(spoolPath));
    };
    const stop = new AbortController();
    await fails(folder.download(listed, { spoolPath, signal: stop.signal, onProgress: () => stop.abort() }), {
      name: 'AbortError',
    });
    let grown = 0;
    const grow = (): void => {
      if (grown++ === 0) appendFileSync(join(server.home, name), 'more');
    };
    await fails(folder.download(listed, { spoolPath, onProgress: grow }), coded('FILE_CHANGED'));
    await fails(folder.download(listed, { spoolPath }), coded('FILE_CHANGED'));
    await fails(folder.download({ ...listed, name: 'gone' }, { spoolPath }), coded('FILE_GONE'));
    await folder.close();

    const again = await open();
    const cut = again.folder.download(again.listed, { spoolPath, onProgress: () => server.cut() });
    await fails(cut, coded('SERVICE_UNAVAILABLE'));
  });
});
