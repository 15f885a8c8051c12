/**
 * An own file of very many people, 5% of them faulty, exported by the real processes: everybody is in the
 * sandbox, in the ledger with a reason, or among the lines that were set aside. 20,000 people, unless
 * LYTICS_RESPONSYS_TEST_PEOPLE says how many: from some 50,000 on, Responsys' limit of calls a minute is waited for.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { faultyPeople } from './faulty-people.ts';
import { authorizationFile, startProduct } from './product.ts';

const count = Number(process.env['LYTICS_RESPONSYS_TEST_PEOPLE'] ?? 20_000);

const readTable = (path: string): Record<string, string>[] =>
  parse(readFileSync(path, 'utf8'), { columns: true });

test(`${count} people, 5% of them faulty in ten ways: each arrives, or has a reason`, async (t) => {
  const product = await startProduct();
  t.after(() => product.close());
  await product.sandbox.control('config', { limits: { '*': 1_000_000 } });
  await product.json('authorizations', 'add', '--from-file', authorizationFile(product));
  const people = faultyPeople(count);

  const rejects = product.write('rejects.csv', '');
  const importedFrom = performance.now();
  await product.json(
    ...['audiences', 'import', 'Readers', product.write('people.csv', people.csv), '--rejects', rejects],
  );
  const told = new Map(readTable(rejects).map(({ line, reason }) => [Number(line), reason ?? '']));
  assert.deepEqual(
    [...told.keys()].toSorted((a, b) => a - b),
    [...people.setAside.keys()],
  );
  for (const [line, reason] of people.setAside) assert.match(told.get(line) ?? '', reason);

  const startedFrom = performance.now();
  const job = product.write(
    'job.yaml',
    JSON.stringify({
      job: 'export-audience',
      authorization: 'Sandbox',
      label: 'Readers to Responsys',
      audience: 'Readers',
      list: 'CONTACTS_LIST',
      matchColumn1: 'EMAIL_ADDRESS_',
      additionalFields: ['age'],
      exportAudienceMemberships: ['Readers'],
    }),
  );
  const { id } = (await product.json('jobs', 'start', job)) as { id: string };
  const { members } = (await product.json('jobs', 'watch', id, '--until-scanned')) as { members: unknown };
  const endedAt = performance.now();
  assert.deepEqual(members, {
    sent: people.valid.length + people.refused.length,
    accepted: people.valid.length,
    rejected: people.refused.length,
    notInList: 0,
  });

  const held = await product.rowsOf('lists/CONTACTS_LIST');
  assert.deepEqual(held.map((row) => row['EMAIL_ADDRESS_']).toSorted(), people.valid.toSorted());
  const riids = held.map((row) => row['RIID_']).toSorted();
  for (const [table, column] of [
    ['Lytics_Segments', 'READERS'],
    [`Lytics_User_Fields_${id}`, 'age'],
  ] as const) {
    const rows = await product.rowsOf(`tables/CONTACTS_LIST/${table}`);
    assert.deepEqual(rows.map((row) => row['RIID_']).toSorted(), riids, table);
    assert.ok(
      rows.every((row) => row[column] !== undefined),
      table,
    );
  }

  const failures = product.write('failures.csv', '');
  await product.json('jobs', 'failures', id, '--csv', failures);
  const rejected = readTable(failures);
  assert.deepEqual(rejected.map((row) => row['email']).toSorted(), people.refused.toSorted());
  assert.ok(rejected.every((row) => row['reason'] === 'bad-email'));

  const seconds = (fromMs: number, toMs: number): string => ((toMs - fromMs) / 1000).toFixed(0);
  t.diagnostic(
    `${people.valid.length} in the list and both tables, ${people.refused.length} refused with a reason in the ` +
      `ledger, ${people.setAside.size} lines set aside with theirs; import ${seconds(importedFrom, startedFrom)} s, ` +
      `export ${seconds(startedFrom, endedAt)} s`,
  );
  await product.json('jobs', 'stop', id);
});
