/** The commands for audiences and authorizations, as processes on a database of their own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { freshDatabase } from '../harness/postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-test-'));
const database = await freshDatabase();
const key = randomBytes(32).toString('base64');
after(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function runWith(environment: object, args: readonly string[], stdin = ''): Promise<Ran> {
  const main = join(import.meta.dirname, '..', '..', 'client', 'main.ts');
  const child = spawn(process.execPath, [main, ...args], {
    env: {
      ...process.env,
      LYTICS_RESPONSYS_DATABASE_URL: database.url,
      LYTICS_RESPONSYS_KEY: key,
      ...environment,
    },
    stdio: 'pipe',
  });
  child.stdin.end(stdin);
  const [[code], out, err] = await Promise.all([
    once(child, 'exit') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code: code ?? -1, out, err };
}
const run = (...args: string[]): Promise<Ran> => runWith({}, args);

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await run(...args, '--json');
  assert.equal(code, 0, err);
  return JSON.parse(out) as Record<string, unknown>;
}

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test('A file comes in, comes again, and replaces; what is set aside is told without values', async () => {
  const people = Array.from({ length: 2_500 }, (_, index) => `p${index}@example.com,Name ${index}`);
  const first = write(
    'first.csv',
    ['Email,First Name', ...people, 'broken,canary', 'p7@example.com,Later'].join('\r\n'),
  );
  const rejects = join(folder, 'rejects.csv');
  const imported = await json('audiences', 'import', 'VIP', first, '--rejects', rejects);
  assert.deepEqual(imported, {
    audience: 'VIP',
    lines: 2_502,
    people: 2_501,
    new: 2_500,
    changed: 1,
    unchanged: 0,
    entered: 2_500,
    setAside: 1,
    left: 0,
    firstSetAside: [{ line: 2_502, reason: 'email: an address needs one @ with something on both sides' }],
  });
  const written = readFileSync(rejects, 'utf8');
  assert.match(written, /^line,reason\r\n2502,"email: an address needs one @/);
  assert.doesNotMatch(written, /canary|broken/);
  assert.equal(statSync(rejects).mode & 0o777, 0o600);

  const again = await json(
    'audiences',
    'import',
    'VIP',
    write('again.csv', ['Email,First Name', ...people.slice(0, 1_500)].join('\n')),
    '--replace',
  );
  assert.deepEqual(
    [again['new'], again['changed'], again['unchanged'], again['entered'], again['left']],
    [0, 1, 1_499, 0, 1_000],
  );
  const shown = await json('audiences', 'show', 'VIP');
  assert.deepEqual([shown['members'], shown['left'], shown['column']], [1_500, 1_000, 'VIP']);
  assert.deepEqual(
    (shown['imports'] as { lines: number; setAside: number }[]).map((one) => [one.lines, one.setAside]),
    [
      [1_500, 0],
      [2_502, 1],
    ],
  );

  const nobody = await run('audiences', 'import', 'VIP', write('bad.csv', 'email\nnone\n'), '--replace');
  assert.equal(nobody.code, 2);
  assert.match(nobody.err, /nobody leaves/);
  assert.equal((await json('audiences', 'show', 'VIP'))['members'], 1_500);
});

test('Whoever is in a replacing file stays, also where another field sets the line aside', async () => {
  const names = ['ann', 'ben', 'cem', 'dee', 'eva'];
  const lines = names.map((name) => `${name}@example.com,${name}`);
  await json('audiences', 'import', 'Stay', write('stay.csv', ['email,customer_id', ...lines].join('\n')));
  const replacing = [
    'email,customer_id,age:int',
    'Ann@example.com,,30',
    'ben@example.com,,old',
    ',cem,old',
    'not an address,dee,30',
    'not an address either,,30',
  ];
  const replaced = await json(
    'audiences',
    'import',
    'Stay',
    write('stay.csv', replacing.join('\n')),
    '--replace',
  );
  assert.deepEqual([replaced['people'], replaced['setAside'], replaced['left']], [1, 4, 1]);
  assert.equal((await json('audiences', 'show', 'Stay'))['members'], 4);
});

test('A file that cannot be read makes no audience, and shows no stack trace', async () => {
  for (const [path, words] of [
    [join(folder, 'none.csv'), /there is no such file/],
    [write('header.csv', 'email,name\n'), /no line after it/],
  ] as const) {
    const { code, err } = await run('audiences', 'import', 'Never', path);
    assert.equal(code, 2);
    assert.match(err, words);
    assert.doesNotMatch(err, /\n\s+at /);
  }
  assert.equal((await run('audiences', 'show', 'Never')).code, 5);
});

test('People enter and leave by name and by file; the unknown and the doubled are counted', async () => {
  await json('audiences', 'import', 'Gold', write('gold.csv', 'email,customer_id\nann@example.com,c1\n'));
  const counts = async (...args: string[]) => {
    const { changed, alike, unknown, setAside } = await json('audiences', ...args);
    return [changed, alike, unknown, setAside];
  };
  assert.deepEqual(
    await counts('enter', 'Gold', '--email', 'ANN@example.com', 'new@example.com'),
    [1, 1, 0, 0],
  );
  assert.deepEqual(
    await counts('exit', 'Gold', '--email', 'ghost@example.com', '--customer-id', 'c1'),
    [1, 0, 1, 0],
  );
  const lines = write(
    'people.jsonl',
    '{"email":"new@example.com"}\n{"email":"bad"}\n{"email":"ann@example.com"}\n',
  );
  assert.deepEqual(await counts('exit', 'Gold', '--from', lines), [1, 1, 0, 1]);
  const said = await run('audiences', 'enter', 'Gold', '--email', 'ann@example.com');
  assert.equal(said.out, '1 entered.\n1 change recorded; running exports hear of it within seconds.\n');
  const listed = await run('audiences', 'show', 'Gold', '--members', '5');
  assert.doesNotMatch(listed.out, /ann@/);
  assert.match((await run('audiences', 'show', 'Gold', '--identifiers')).out, /ann@example\.com/);
  assert.equal((await run('audiences', 'enter', 'Gold')).code, 2);
});

test('An authorization is added, shown without secrets, updated in part, and removed', async () => {
  const fields = {
    kind: 'responsys-sftp',
    label: 'Files',
    host: 'files.responsys.net',
    username: 'u',
    privateKey: 'canary-key',
  };
  const added = await runWith({}, ['authorizations', 'add', '--from-file', '-'], JSON.stringify(fields));
  assert.equal(added.code, 0, added.err);
  for (const how of [[], ['--json']]) {
    const { out } = await run('authorizations', 'show', 'Files', ...how);
    assert.match(out, /files\.responsys\.net/);
    assert.match(out, /22/);
    assert.doesNotMatch(out, /canary/);
  }
  const change = write('change.yaml', 'host: other.responsys.net\n');
  assert.equal((await run('authorizations', 'update', 'Files', '--from-file', change)).code, 0);
  assert.match((await run('authorizations', 'show', 'Files')).out, /other\.responsys\.net/);
  const kind = write('kind.yaml', 'kind: responsys-interact\n');
  assert.match(
    (await run('authorizations', 'update', 'Files', '--from-file', kind)).err,
    /kind: stays responsys-sftp/,
  );
  assert.match((await run('authorizations', 'remove', 'Files')).err, /^USAGE .*--yes/);
  assert.equal((await run('authorizations', 'remove', 'Files', '--yes')).code, 0);
  assert.equal((await run('authorizations', 'show', 'Files')).code, 5);
});

test('An authorization comes from the environment, whole or in part, its secrets unseen', async () => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const fields = {
    LYTICS_RESPONSYS_AUTHORIZATION_KIND: 'responsys-sftp-with-pgp',
    LYTICS_RESPONSYS_AUTHORIZATION_LABEL: 'Env',
    LYTICS_RESPONSYS_AUTHORIZATION_DESCRIPTION: '',
    LYTICS_RESPONSYS_AUTHORIZATION_HOST: 'files.responsys.net',
    LYTICS_RESPONSYS_AUTHORIZATION_USERNAME: 'u',
    LYTICS_RESPONSYS_AUTHORIZATION_PRIVATE_KEY: privateKey,
    LYTICS_RESPONSYS_AUTHORIZATION_PGP_PRIVATE_KEY: 'canary-pgp',
  };
  const add = ['authorizations', 'add', '--from-env'];
  const lacking = await runWith(fields, add);
  assert.deepEqual(
    [lacking.code, lacking.err],
    [2, 'INPUT_NOT_VALID  PGP Private Key Passphrase: is required\n'],
  );
  const whole = { ...fields, LYTICS_RESPONSYS_AUTHORIZATION_PGP_PASSPHRASE: 'canary-phrase' };
  const added = await runWith(whole, add);
  assert.equal(added.code, 0, added.err);
  const change = { LYTICS_RESPONSYS_AUTHORIZATION_HOST: 'other.responsys.net' };
  assert.equal((await runWith(change, ['authorizations', 'update', 'Env', '--from-env'])).code, 0);
  const shown = await run('authorizations', 'show', 'Env', '--json');
  assert.match(shown.out, /other\.responsys\.net/);
  assert.doesNotMatch(added.out + shown.out, /canary|BEGIN RSA/);

  const none = await run(...add);
  assert.equal(none.code, 2);
  assert.match(
    none.err,
    /--from-env: no variable gives a field; expected some such as LYTICS_RESPONSYS_AUTHORIZATION_LABEL/,
  );
  const typo = await runWith({ ...whole, LYTICS_RESPONSYS_AUTHORIZATION_PASWORD: 'canary' }, add);
  assert.equal(typo.code, 2);
  assert.match(typo.err, /pasword/);
  assert.doesNotMatch(typo.err, /canary/);
});

test('A faulty authorization is refused field by field, by the specification’s titles, without its secrets', async () => {
  const fields = {
    kind: 'responsys-interact',
    username: ' ',
    password: 'canary',
    endpointUri: 'evil.example.com',
    colour: 1,
  };
  const { code, err } = await runWith(
    {},
    ['authorizations', 'add', '--from-file', '-'],
    JSON.stringify(fields),
  );
  assert.equal(code, 2);
  assert.match(err, /Label: is required/);
  assert.match(err, /Username: is required/);
  assert.doesNotMatch(err, /canary|\n\s+at /);
  const evil = { ...fields, label: 'Evil', username: 'u', colour: undefined };
  const refused = await runWith({}, ['authorizations', 'add', '--from-file', '-'], JSON.stringify(evil));
  assert.equal(refused.code, 2);
  assert.match(refused.err, /evil\.example\.com/);
});

test('With another master key a command says so, by the name of the variable', async () => {
  const other = { LYTICS_RESPONSYS_KEY: randomBytes(32).toString('base64') };
  const { code, err } = await runWith(other, ['audiences', 'enter', 'Gold', '--email', 'ann@example.com']);
  assert.equal(code, 2);
  assert.match(err, /LYTICS_RESPONSYS_KEY: is not the key/);
  assert.doesNotMatch(err, /\n\s+at /);
});
