import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

test('every script that runs a program becomes it, so that a signal to npm reaches the program', () => {
  const programs = Object.entries(scripts).filter(([, command]) => /(^| )node /.test(command));
  assert.ok(programs.length > 5);
  for (const [name, command] of programs) assert.match(command, /^exec node /, name);
});

test('a demo of fewer people than it lets leave is refused before anything starts', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'demo', 'main.ts'), '--members', '600'],
    { encoding: 'utf8', timeout: 60_000 },
  );
  assert.deepEqual([status, stdout, stderr], [2, '', '--members: "600" is no number from 800 on.\n']);
});

test('SIGTERM to npm ends the program that it started, and frees its port', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-npm-'));
  const npm = spawn('npm', ['run', '--silent', 'sandbox', '--', '--data', join(folder, 'sandbox.sqlite')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let login = '';
    for await (const line of createInterface({ input: npm.stdout })) {
      ({ login } = JSON.parse(line) as { login: string });
      break;
    }
    assert.equal((await fetch(`${login}/_sandbox/state`)).status, 200);
    npm.kill('SIGTERM');
    const answers = () =>
      fetch(`${login}/_sandbox/state`).then(
        () => true,
        () => false,
      );
    for (let look = 0; await answers(); look++) {
      if (look > 100) assert.fail('ten seconds later the sandbox still answers');
      await wait(100);
    }
  } finally {
    npm.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
