/** What a reader is told when a part that the client needs cannot be reached: one line, and exit code 4. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { authorizationFile, startProduct } from './product.ts';
import type { Product, Ran } from './product.ts';

let product: Product;
before(async () => {
  product = await startProduct();
  await product.json('authorizations', 'add', '--from-file', authorizationFile(product));
  await product.json('audiences', 'import', 'Few', product.write('few.csv', 'email\nfew@example.com\n'));
});
after(() => product.close());

const jobFile = (label: string): string =>
  product.write(
    'job.yaml',
    JSON.stringify({
      job: 'export-audience',
      authorization: 'Sandbox',
      label,
      audience: 'Few',
      list: 'CONTACTS_LIST',
      matchColumn1: 'EMAIL_ADDRESS_',
    }),
  );

function isToldInOneLine({ code, out, err }: Ran, words: RegExp): void {
  assert.match(err, words);
  assert.equal(err.trimEnd().split('\n').length, 1, err);
  assert.deepEqual([code, out], [4, '']);
}

/** Nothing listens there: the port is reserved. */
const nowhere = '127.0.0.1:1';

test('PostgreSQL that cannot be reached is named, its password is not', async () => {
  const away = { LYTICS_RESPONSYS_DATABASE_URL: `postgres://u:canary@${nowhere}/d` };
  for (const args of [
    ['audiences', 'list'],
    ['jobs', 'start', jobFile('No store')],
  ]) {
    const ran = await product.runWith(away, ...args);
    isToldInOneLine(ran, /^SERVICE_UNAVAILABLE {2}the store cannot be reached: .*127\.0\.0\.1:1/);
    assert.doesNotMatch(ran.err, /canary/);
  }
});

test('Temporal that cannot be reached is named, and no job is left behind', async () => {
  const ran = await product.runWith({ TEMPORAL_ADDRESS: nowhere }, 'jobs', 'start', jobFile('No Temporal'));
  isToldInOneLine(ran, /^SERVICE_UNAVAILABLE {2}Temporal cannot be reached: /);
  assert.deepEqual(await product.json('jobs', 'list'), []);
});

test('Responsys that cannot be reached is told, and the job goes on trying', async () => {
  await product.sandbox.stop();
  isToldInOneLine(
    await product.run('jobs', 'start', jobFile('No Responsys')),
    /^SERVICE_UNAVAILABLE {2}.*ECONNREFUSED.*The job goes on trying; see "jobs show \w+"\.$/m,
  );
  const { state, lastError } = (await product.json('jobs', 'show', 'No Responsys')) as Record<
    string,
    unknown
  >;
  assert.equal(state, 'starting');
  assert.match(String(lastError), /ECONNREFUSED/);
  isToldInOneLine(
    await product.run('authorizations', 'test', 'Sandbox'),
    /^SERVICE_UNAVAILABLE {2}.*ECONNREFUSED/,
  );
});
