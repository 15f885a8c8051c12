import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const file = join(root, 'docker-compose.yml');
const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-compose-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Service {
  readonly image?: string;
  readonly restart?: string;
  readonly healthcheck?: object;
  readonly ports?: readonly string[];
}
const services = (text: string): [string, Service][] =>
  Object.entries((parse(text) as { services: Record<string, Service> }).services);

/** Compose, as a plugin of the client or as a program of its own; no engine is needed to check a file. */
const compose = [['docker', 'compose'], ['docker-compose']].find(
  ([program = '', ...args]) => spawnSync(program, [...args, 'version']).status === 0,
);
const skip = compose === undefined && process.env['CI'] !== 'true' && 'there is no docker compose';

function config(variables: string) {
  const environment = join(folder, 'env');
  writeFileSync(environment, variables);
  const [program = '', ...args] = compose ?? ['docker-compose'];
  return spawnSync(
    program,
    [...args, '--env-file', environment, '--profile', 'sandbox', '-f', file, 'config'],
    { encoding: 'utf8', cwd: root },
  );
}

describe('docker-compose.yml', () => {
  test('is valid by compose’s own validator, with every variable of .env.example', { skip }, () => {
    const example = readFileSync(join(root, '.env.example'), 'utf8');
    const ran = config(example.replaceAll(/^(\w+)=$/gm, '$1=filled-in'));
    assert.equal(ran.status, 0, ran.stderr);
    assert.doesNotMatch(ran.stderr, /not set/i);
    assert.deepEqual(
      services(ran.stdout)
        .map(([name]) => name)
        .toSorted(),
      [
        'sandbox',
        'store',
        'temporal',
        'temporal-db',
        'temporal-namespace',
        'temporal-schema',
        'temporal-ui',
        'worker',
      ],
    );
  });

  test('does not start without its secrets', { skip }, () => {
    const ran = config('');
    assert.notEqual(ran.status, 0);
    assert.match(ran.stderr, /(LYTICS_RESPONSYS_KEY|STORE_PASSWORD|TEMPORAL_DB_PASSWORD)/);
  });

  test('pins every image, watches what runs on, and opens ports to this host alone', () => {
    for (const [name, service] of services(readFileSync(file, 'utf8'))) {
      assert.match(service.image ?? '', /:\d+\.\d+(\.\d+)?(-\w+)?$/, name);
      if (service.restart === 'unless-stopped') assert.ok(service.healthcheck !== undefined, name);
      for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/, name);
    }
  });
});
