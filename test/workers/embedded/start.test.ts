/** `npm start` as a whole, with the real PostgreSQL and Temporal, and stand-ins for the worker and the sandbox. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { readRunning } from '../../../systems/environment.ts';
import { recordedChildren } from '../../../workers/embedded/children-file.ts';
import { lives } from '../../../workers/embedded/process-identity.ts';
import { answers, runningChildren, runStart, withFolder, type Start } from './running-start.ts';

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

async function readyOf(start: Start) {
  const ready = await start.ready;
  assert.ok(ready, `the start ended: ${start.stderr()}`);
  return ready;
}

test('a start says where everything is, and SIGTERM leaves no process, no port and no running.json', async () => {
  await withFolder(async (folder) => {
    const start = runStart(folder, '--sandbox');
    const { temporalAddress, uiUrl, sandbox } = await readyOf(start);
    const running = readRunning(folder);
    assert.ok(running && sandbox);
    const addresses = [temporalAddress, uiUrl, sandbox.page, running.databaseUrl];
    for (const address of addresses) assert.equal(await answers(address), true, address);
    assert.deepEqual(runningChildren(folder), ['postgres', 'temporal', 'sandbox', 'worker']);
    assert.equal(running.allowHosts[0], new URL(sandbox.page).host);
    for (const file of ['key', 'running.json', 'postgres-password'])
      assert.equal(modeOf(join(folder, file)), '600');
    assert.equal(modeOf(folder), '700');
    const saw = JSON.parse(readFileSync(join(folder, 'worker-saw.json'), 'utf8')) as Record<string, string>;
    assert.equal(saw['TEMPORAL_ADDRESS'], temporalAddress);
    assert.equal(saw['LYTICS_RESPONSYS_DATABASE_URL'], running.databaseUrl);

    const children = recordedChildren(folder);
    start.process.kill('SIGTERM');
    assert.equal(await start.exitCode, 0, start.stderr());
    for (const { name, pid, started } of children) assert.equal(lives(pid, started), false, name);
    for (const address of addresses) assert.equal(await answers(address), false, address);
    assert.equal(existsSync(join(folder, 'running.json')), false);
  });
});

test('a second start on the same folder is refused and says by whom', async () => {
  await withFolder(async (folder) => {
    const first = runStart(folder);
    await readyOf(first);
    const second = runStart(folder);
    assert.equal(await second.exitCode, 3);
    assert.match(
      second.stderr(),
      new RegExp(`^CONFLICT .*already in use by process ${first.process.pid}, since 20`),
    );
    assert.match(second.stderr(), /--data OTHER/);
    assert.deepEqual(runningChildren(folder), ['postgres', 'temporal', 'worker'], 'the first one runs on');
    first.process.kill('SIGINT');
    assert.equal(await first.exitCode, 0);
  });
});

test('a start over a channel ends with the program that made it', async () => {
  await withFolder(async (folder) => {
    const start = runStart(folder);
    await readyOf(start);
    const children = recordedChildren(folder);
    start.process.disconnect();
    assert.equal(await start.exitCode, 0, start.stderr());
    for (const { name, pid, started } of children) assert.equal(lives(pid, started), false, name);
  });
});

test('after kill -9 the next start stops what was left running, and keeps the key and the password', async () => {
  await withFolder(async (folder) => {
    const killed = runStart(folder, '--sandbox');
    await readyOf(killed);
    const before = readRunning(folder);
    const left = recordedChildren(folder);
    killed.process.kill('SIGKILL');
    await killed.exitCode;
    assert.ok(runningChildren(folder).includes('postgres'), 'there is something to stop');

    const next = runStart(folder);
    await readyOf(next);
    assert.match(next.stderr(), /Stopped what an earlier start had left running: .*temporal, postgres/);
    for (const { name, pid, started } of left) assert.equal(lives(pid, started), false, name);
    const after = readRunning(folder);
    assert.equal(after?.key, before?.key);
    assert.equal(new URL(after?.databaseUrl ?? '').password, new URL(before?.databaseUrl ?? '').password);
    next.process.kill('SIGTERM');
    assert.equal(await next.exitCode, 0, next.stderr());
  });
});

test('when a part ends unexpectedly it is named, the rest is stopped and the start fails', async () => {
  await withFolder(async (folder) => {
    const start = runStart(folder);
    await readyOf(start);
    const children = recordedChildren(folder);
    process.kill(children.find(({ name }) => name === 'temporal')?.pid ?? 0, 'SIGKILL');
    assert.equal(await start.exitCode, 1);
    assert.match(start.stderr(), /The temporal ended unexpectedly \(SIGKILL\); see .*temporal\.log/);
    for (const { name, pid, started } of children) assert.equal(lives(pid, started), false, name);
  });
});

test('a second Ctrl-C, but not its echo within a second, stops everything at once', async () => {
  await withFolder(async (folder) => {
    const start = runStart(folder);
    await readyOf(start);
    const children = recordedChildren(folder);
    // A worker that does not stop keeps the polite stop waiting.
    process.kill(children.find(({ name }) => name === 'worker')?.pid ?? 0, 'SIGSTOP');
    start.process.kill('SIGINT');
    start.process.kill('SIGINT');
    await sleep(1_200);
    assert.equal(start.process.exitCode, null, 'still waiting for the worker');
    start.process.kill('SIGINT');
    assert.equal(await start.exitCode, 130);
    await sleep(300);
    for (const { name, pid, started } of children) assert.equal(lives(pid, started), false, name);
  });
});

test('a taken port and a wrong flag are told in the reader’s words', async () => {
  await withFolder(async (folder) => {
    const server = (await import('node:net')).createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const start = runStart(folder, '--port', String(port));
    assert.equal(await start.exitCode, 3);
    assert.match(
      start.stderr(),
      new RegExp(`^CONFLICT  Temporal: port ${port} is taken .* --port 0 takes any free one`, 'm'),
    );
    assert.deepEqual(runningChildren(folder), []);
    server.close();

    const wrong = runStart(folder, '--ui-port', 'eighty');
    assert.equal(await wrong.exitCode, 2);
    assert.equal(
      wrong.stderr(),
      'USAGE  --ui-port: "eighty" is no port; expected a number from 0 to 65535.\n',
    );
  });
});
