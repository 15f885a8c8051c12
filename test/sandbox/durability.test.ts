import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  listMerge,
  members,
  newFolder,
  newTable,
  removeFolder,
  startSandbox,
  tableMerge,
  tables,
} from './running.ts';
import type { Running } from './running.ts';

const main = join(import.meta.dirname, '..', '..', 'sandbox', 'main.ts');

describe('the sandbox as a process', () => {
  const folder = newFolder();
  after(() => removeFolder(folder));

  const lines = async (sandbox: Running, path: string) =>
    (await (await fetch(`${sandbox.login}/_sandbox/${path}`)).text())
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, string>);

  it('keeps content, tokens and settings over a stop, and over kill -9', async () => {
    const emails = Array.from({ length: 200 }, (_, n) => [`user${n}@example.com`]);
    let sandbox = await startSandbox(folder);
    const form = { user_name: sandbox.username, password: sandbox.password, auth_type: 'password' };
    const { authToken } = (await sandbox.token(form)).json as { authToken: string };
    await sandbox.call('POST', tables, newTable('Lytics_Segments', [['VIP', 'INTEGER']]));
    const { records } = await sandbox.call('POST', members, listMerge(['EMAIL_ADDRESS_'], emails));
    await sandbox.control('POST', 'config', { badEmail: 'hidden' });
    assert.equal(await sandbox.stop(), 0);

    sandbox = await startSandbox(folder);
    const rows = emails.map(([email]) => [email, '1']);
    const merged = await sandbox.call(
      'POST',
      `${tables}/Lytics_Segments/members`,
      tableMerge(['EMAIL_ADDRESS_', 'VIP'], rows),
      { authorization: authToken },
    );
    assert.deepEqual(merged.records, records);
    const hidden = await sandbox.call(
      'POST',
      members,
      listMerge(['EMAIL_ADDRESS_'], [['bad'], ['new@example.com']]),
    );
    assert.equal(hidden.status, 200);
    await sandbox.kill();

    sandbox = await startSandbox(folder);
    const list = await lines(sandbox, 'lists/CONTACTS_LIST');
    const table = await lines(sandbox, 'tables/CONTACTS_LIST/Lytics_Segments');
    assert.deepEqual(
      list.slice(0, 200).map((row) => [row['RIID_']]),
      records,
    );
    assert.equal(list[200]?.['EMAIL_ADDRESS_'], 'new@example.com');
    assert.equal(table.length, 200);
    const later = await sandbox.call('POST', members, listMerge(['EMAIL_ADDRESS_'], [['later@example.com']]));
    assert.ok(Number(later.records[0]?.[0]) > Number(list[200]['RIID_']));
    assert.equal(await sandbox.stop(), 0);
    const log = readFileSync(join(folder, 'data.sqlite.requests.jsonl'), 'utf8').trim().split('\n');
    assert.match(log.at(-1) ?? '', /"function":"Merge List Recipients","object":"CONTACTS_LIST"/);
  });

  it('refuses a second process on its data, and wrong flags and settings, in a sentence', async () => {
    const sandbox = await startSandbox(folder);
    const run = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
    const second = run('--data', join(folder, 'data.sqlite'));
    assert.equal(second.status, 1);
    assert.match(second.stderr, /in use by another process/);
    await sandbox.stop();
    assert.match(run().stderr, /--data is missing/);
    assert.match(run('--data', join(folder, 'x.sqlite'), '--port', 'http').stderr, /--port is "http"/);
    const config = join(folder, 'wrong.json');
    writeFileSync(
      config,
      JSON.stringify({ lists: [{ name: 'L', folder: 'F', fields: [{ name: 'A', type: 'TEXT' }] }] }),
    );
    const wrong = run('--data', join(folder, 'x.sqlite'), '--config', config);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /lists\[0\]\.fields\[0\]\.type/);
    for (const { stderr } of [second, wrong]) assert.doesNotMatch(stderr, /\n\s+at /);
  });
});
