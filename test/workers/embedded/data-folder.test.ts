import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { masterKey, openDataFolder } from '../../../workers/embedded/data-folder.ts';
import { lives, programOf, startOf } from '../../../workers/embedded/process-identity.ts';
import { withFolder } from './running-start.ts';

const openElsewhere = (folder: string): string =>
  execFileSync(
    process.execPath,
    [
      '--input-type=module-typescript',
      '--eval',
      `import { openDataFolder } from './workers/embedded/data-folder.ts';
       try { openDataFolder(${JSON.stringify(folder)}); process.stdout.write('opened'); }
       catch (error) { process.stdout.write(error.message); }`,
    ],
    { cwd: join(import.meta.dirname, '..', '..', '..'), encoding: 'utf8' },
  );

test('a folder is one process’ own until it lets go, by whatever path it is named', async () => {
  await withFolder(async (parent) => {
    const folder = join(parent, 'data');
    mkdirSync(folder, { mode: 0o755 });
    symlinkSync(folder, join(parent, 'link'));
    const first = openDataFolder(join(parent, 'link'));
    assert.equal(first.path, folder);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.match(openElsewhere(folder), new RegExp(`already in use by process ${process.pid}, since 20`));
    first.unlock();
    assert.equal(openElsewhere(folder), 'opened');
    openDataFolder(folder).unlock();
    await Promise.resolve();
  });
});

test('a folder that cannot be made is named with the reason', async () => {
  await withFolder(async (parent) => {
    writeFileSync(join(parent, 'file'), '');
    assert.throws(() => openDataFolder(join(parent, 'file', 'data')), {
      code: 'CONFLICT',
      message:
        /^data folder .*\/file\/data: it cannot be made or owned \(ENOTDIR\)\. Choose another with --data/,
    });
    await Promise.resolve();
  });
});

test('a folder with files of others is left as it is; one with a key that was put back is taken', async () => {
  await withFolder(async (parent) => {
    chmodSync(parent, 0o755);
    writeFileSync(join(parent, 'letter.txt'), '');
    assert.throws(() => openDataFolder(parent), {
      code: 'CONFLICT',
      message: /^data folder .*: it holds other files, .*Choose a new or an empty one with --data\.$/,
    });
    assert.equal(statSync(parent).mode & 0o777, 0o755);
    assert.deepEqual(readdirSync(parent), ['letter.txt']);
    writeFileSync(join(parent, 'key'), '');
    openDataFolder(parent).unlock();
    await Promise.resolve();
  });
});

test('the key is made once, 32 bytes, mode 600; a damaged one is refused, never replaced', async () => {
  await withFolder(async (folder) => {
    const key = masterKey(folder);
    assert.equal(Buffer.from(key, 'base64').length, 32);
    assert.equal(masterKey(folder), key);
    assert.equal(statSync(join(folder, 'key')).mode & 0o777, 0o600);
    writeFileSync(join(folder, 'key'), 'short');
    assert.throws(() => masterKey(folder), /key: expected 32 bytes in base64\. Put the right key back/);
    rmSync(join(folder, 'key'));
    assert.notEqual(masterKey(folder), key);
    await Promise.resolve();
  });
});

test('a process is known by its pid and its start, not by its pid alone', () => {
  const started = startOf(process.pid);
  assert.ok(started);
  assert.equal(lives(process.pid, started), true);
  assert.equal(lives(process.pid, `${started}0`), false);
  assert.equal(startOf(2 ** 22 + 1), undefined);
  assert.match(programOf(process.pid) ?? '', /node|MainThread/);
});
