import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { untilSo } from '../harness/until.ts';
import { authorizationFile, startProduct } from './product.ts';
import type { Product } from './product.ts';

let product: Product;
before(async () => {
  product = await startProduct();
  await product.json('authorizations', 'add', '--from-file', authorizationFile(product));
  const people = ['ann', 'bob', 'cleo'].map((name, index) => `${name}@example.com,${index},tier${index}`);
  const file = product.write('people.csv', `email,age:int,tier\n${people.join('\n')}\n`);
  await product.json('audiences', 'import', 'Readers', file);
});
after(() => product.close());

const job = {
  job: 'export-audience',
  authorization: 'Sandbox',
  label: 'Applied',
  audience: 'Readers',
  list: 'CONTACTS_LIST',
  matchColumn1: 'EMAIL_ADDRESS_',
  additionalFields: ['age'],
  exportAudienceMemberships: ['Readers'],
  flushInterval: '1s',
};
const jobFile = (changes: object): string =>
  product.write('job.yaml', JSON.stringify({ ...job, ...changes }));

interface Applied {
  readonly outcome: string;
  readonly id: string;
  readonly state: string;
  readonly differences: { readonly field: string; readonly from: unknown; readonly to: unknown }[];
}
const apply = async (changes: object): Promise<Applied> =>
  (await product.json('jobs', 'apply', jobFile(changes), '--yes')) as Applied;

type Row = Readonly<Record<string, string>>;
async function rowsOf(table: string): Promise<Row[]> {
  const response = await fetch(`${product.sandbox.login}/_sandbox/tables/CONTACTS_LIST/${table}`);
  return (await response.text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}
interface State {
  readonly lists: { readonly name: string; readonly tables: { readonly name: string }[] }[];
}
const sandboxState = async (): Promise<State> => (await product.sandbox.control('state')) as State;
const tables = async (): Promise<readonly string[]> =>
  (await sandboxState()).lists.flatMap((list) => list.tables.map(({ name }) => name)).toSorted();

const until = (isSo: () => Promise<boolean>): Promise<void> =>
  untilSo(isSo, { withinMs: 30_000, everyMs: 300 });

let id: string;

test('the same file applied by four at the same moment makes one job, and again nothing', async () => {
  const all = await Promise.all([apply({}), apply({}), apply({}), apply({})]);
  id = all[0].id;
  assert.deepEqual(new Set(all.map((one) => one.id)), new Set([id]));
  assert.deepEqual(all.map((one) => one.outcome).toSorted(), [
    'started',
    'unchanged',
    'unchanged',
    'unchanged',
  ]);
  assert.deepEqual(await tables(), ['Lytics_Segments', `Lytics_User_Fields_${id}`]);
  assert.equal(((await product.json('jobs', 'list')) as object[]).length, 1);
  assert.equal((await apply({})).outcome, 'unchanged');
});

test('an authorization with a new label is the same one; another is not', async () => {
  const renamed = product.write('renamed.json', '{"label":"Renamed"}');
  await product.json('authorizations', 'update', 'Sandbox', '--from-file', renamed);
  assert.equal((await apply({ authorization: 'Renamed' })).outcome, 'unchanged');
  const back = product.write('back.json', '{"label":"Sandbox"}');
  await product.json('authorizations', 'update', 'Renamed', '--from-file', back);
  const other = authorizationFile(product, { label: 'Other' });
  await product.json('authorizations', 'add', '--from-file', other);
  const ran = await product.run('jobs', 'apply', jobFile({ authorization: 'Other' }), '--yes');
  assert.match(
    ran.err,
    /^CHANGE_REFUSED {2}authorization: .*for another login of the same account: "authorizations update"/,
  );
});

test('what would mean other records is refused, with the remedy', async () => {
  const ran = await product.run('jobs', 'apply', jobFile({ list: 'NEWSLETTER_LIST' }), '--yes');
  assert.equal(ran.code, 3);
  assert.match(
    ran.err,
    /^CHANGE_REFUSED {2}list: from CONTACTS_LIST to NEWSLETTER_LIST would mean other records: stop the job and start another/,
  );
});

test('a column that the job’s own table lacks is refused before anything changes; without --yes nothing is changed', async () => {
  const made = await tables();
  assert.equal(made.length, 2);
  const lacking = await product.run('jobs', 'apply', jobFile({ additionalFields: ['age', 'tier'] }), '--yes');
  assert.equal(lacking.code, 3);
  assert.match(lacking.err, /lacks tier \(STR500\); REST cannot add columns: add them in Responsys/);
  const unasked = await product.run(
    'jobs',
    'apply',
    jobFile({ flushInterval: '5m', stopWhenRejected: '20%' }),
  );
  assert.equal(unasked.code, 2);
  assert.match(unasked.out, /flushInterval +1s +5m/);
  assert.match(unasked.out, /stopWhenRejected +50% +20%/);
  assert.match(unasked.err, /say --yes/);
  assert.equal((await apply({})).outcome, 'unchanged');
  assert.deepEqual(await tables(), made);
});

test('a changed file shows the difference and changes the running job: present members get the new columns', async () => {
  const changes = { additionalFields: ['age', 'tier'], fieldsTable: 'TIERS', flushInterval: '2s' };
  const both = await Promise.all([apply(changes), apply(changes)]);
  assert.deepEqual(both.map((one) => one.outcome).toSorted(), ['changed', 'unchanged']);
  assert.deepEqual(
    both
      .find((one) => one.outcome === 'changed')
      ?.differences.map(({ field, from, to }) => [field, from, to]),
    [
      ['additionalFields', ['age'], ['age', 'tier']],
      ['fieldsTable', null, 'TIERS'],
      ['flushInterval', 1_000, 2_000],
    ],
  );
  assert.deepEqual(await tables(), ['Lytics_Segments', `Lytics_User_Fields_${id}`, 'TIERS'].toSorted());
  await until(async () => (await rowsOf('TIERS')).length === 3);
  assert.deepEqual((await rowsOf('TIERS')).map((row) => row['tier']).toSorted(), ['tier0', 'tier1', 'tier2']);
  assert.equal((await apply(changes)).outcome, 'unchanged');
});

test('a stopped job starts again as the same job, and who left meanwhile loses the membership', async () => {
  const changes = { additionalFields: ['age', 'tier'], fieldsTable: 'TIERS', flushInterval: '2s' };
  await product.json('jobs', 'stop', id);
  await product.json('audiences', 'exit', 'Readers', '--email', 'bob@example.com');
  const both = await Promise.all([apply(changes), apply(changes)]);
  assert.deepEqual(new Set(both.map((one) => one.id)), new Set([id]));
  assert.deepEqual(both.map((one) => one.outcome).toSorted(), ['started-again', 'unchanged']);
  await until(
    async () => (await rowsOf('Lytics_Segments')).filter((row) => row['READERS'] === '1').length === 2,
  );
  assert.equal((await rowsOf('Lytics_Segments')).length, 3);
  assert.equal(((await product.json('jobs', 'list')) as object[]).length, 1);
  assert.equal((await tables()).length, 3);
});
