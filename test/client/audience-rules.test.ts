/** Audiences by rule through the commands, a real worker and a real schedule; the clock is the real one. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { reevaluateScheduleId } from '../../jobs/job-id.ts';
import { openStore, transaction } from '../../systems/store/database.ts';
import type { Pool } from '../../systems/store/database.ts';
import { openHashKeys } from '../../systems/store/identities.ts';
import type { HashKeys } from '../../systems/store/identities.ts';
import { writeProfiles } from '../../systems/store/profiles.ts';
import { keyFrom } from '../../systems/store/secrets.ts';
import { authorizationFile, startProduct } from './product.ts';
import type { Product } from './product.ts';

const DAY_MS = 86_400_000;
const everyMs = 2_000;

let product: Product;
let store: Pool;
let hashKeys: HashKeys;
before(async () => {
  process.env['LYTICS_RESPONSYS_REEVALUATE_EVERY'] = `${everyMs / 1_000}s`;
  product = await startProduct();
  store = await openStore(product.databaseUrl);
  hashKeys = await openHashKeys(store, keyFrom(product.env['LYTICS_RESPONSYS_KEY'] ?? ''));
  const people = [`ann@example.com,${new Date().toISOString()},7`, 'old@example.com,2020-01-01T00:00:00Z,1'];
  await product.json(
    'audiences',
    'import',
    'People',
    product.write('people.csv', ['email,seen:date,visits:int', ...people].join('\n')),
  );
});
after(async () => {
  await store.end();
  await product.close();
});

const active = 'FILTER seen > "now-30d" FROM user ALIAS active';

async function until<Found>(look: () => Promise<Found | undefined>, what: string): Promise<Found> {
  for (const endMs = Date.now() + 60_000; ;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > endMs) assert.fail(`not within a minute: ${what}`);
    await wait(100);
  }
}

test('A rule is made, told again, changed and tried out; a list stays a list, a rule a rule', async () => {
  const file = product.write('active.filterql', active);
  const made = (await product.json('audiences', 'create', file)) as Record<string, unknown>;
  assert.deepEqual(
    [made['outcome'], made['column'], made['evaluated']],
    ['new', 'ACTIVE', [{ audience: 'active', entered: 1, left: 0 }]],
  );
  assert.equal((await product.run('audiences', 'create', file)).out, 'active: unchanged.\n');
  const keen = product.write(
    'keen.yaml',
    'name: Keen ones\nfilter: FILTER AND (visits > 0, INCLUDE active)\n',
  );
  assert.match((await product.run('audiences', 'create', keen)).out, /\nKeen ones: 1 entered, 0 left\.\n/);
  // Whoever includes it follows.
  const changed = await product.run(
    'audiences',
    'create',
    product.write('all.filterql', 'FILTER *'),
    '--name',
    'active',
  );
  assert.equal(changed.out, 'active: changed.\nactive: 1 entered, 0 left.\nKeen ones: 1 entered, 0 left.\n');
  assert.equal(
    (await product.run('audiences', 'create', file)).out,
    'active: changed.\nactive: 0 entered, 1 left.\nKeen ones: 0 entered, 1 left.\n',
  );

  const refused = async (pattern: RegExp, code: number, ...args: string[]): Promise<void> => {
    const ran = await product.run('audiences', ...args);
    assert.match(ran.err, pattern);
    assert.equal(ran.code, code, ran.err);
  };
  const circle = product.write('circle.filterql', 'FILTER INCLUDE `Keen ones` ALIAS active');
  await refused(/includes itself: Keen ones → active → Keen ones/, 2, 'create', circle);
  const nobody = product.write('nobody.filterql', 'FILTER INCLUDE nowhere ALIAS n');
  await refused(/there is no audience "nowhere" to include/, 2, 'create', nobody);
  await refused(/"People" is a list; a rule needs another name/, 3, 'create', file, '--name', 'People');
  await refused(
    /"active" is a rule; who belongs to it follows from profiles/,
    3,
    'enter',
    'active',
    '--email',
    'old@example.com',
  );
  await refused(
    /"active" is a rule/,
    3,
    'import',
    'active',
    product.write('p.csv', 'email\nold@example.com\n'),
  );

  assert.deepEqual(await product.json('audiences', 'size', 'active'), { members: 1 });
  const list = product.write('list.filterql', 'FILTER AND (INCLUDE People, visits < 5)');
  assert.deepEqual(await product.json('audiences', 'size', list), { members: 1 });
  const sample = await product.run('audiences', 'sample', list);
  assert.doesNotMatch(sample.out, /old@/);
  assert.match((await product.run('audiences', 'sample', list, '--identifiers')).out, /old@example\.com/);
  const shown = await product.run('audiences', 'show', 'active');
  assert.match(shown.out, /active: by rule, 1 members, 1 left; column ACTIVE\n\nFILTER seen > "now-30d"/);
  assert.match((await product.run('audiences', 'list')).out, /People +list .*\n.*active +rule/);
  assert.deepEqual(await product.json('audiences', 'reevaluate'), [
    { audience: 'Keen ones', entered: 0, left: 0 },
    { audience: 'active', entered: 0, left: 0 },
  ]);
});

test('Who leaves by the clock alone is signalled out within the schedule’s interval (real time)', async () => {
  await product.json('authorizations', 'add', '--from-file', authorizationFile(product));
  const job = {
    ...{ job: 'export-audience', authorization: 'Sandbox', label: 'Active ones', audience: 'active' },
    ...{ list: 'CONTACTS_LIST', matchColumn1: 'EMAIL_ADDRESS_', exportAudienceMemberships: ['active'] },
    flushInterval: '1s',
  };
  await product.json('jobs', 'start', product.write('job.yaml', JSON.stringify(job)));
  const holds = async (email: string, value: string): Promise<true | undefined> => {
    const rows = await product.rowsOf('lists/CONTACTS_LIST');
    const riid = rows.find((row) => row['EMAIL_ADDRESS_'] === email)?.['RIID_'];
    const table = riid === undefined ? [] : await product.rowsOf('tables/CONTACTS_LIST/Lytics_Segments');
    return table.some((row) => row['RIID_'] === riid && row['ACTIVE'] === value) ? true : undefined;
  };
  await until(() => holds('ann@example.com', '1'), 'the scan');

  const leavesAtMs = Date.now() + 8_000;
  const seen = new Date(leavesAtMs - 30 * DAY_MS).toISOString();
  await transaction(store, (database) =>
    writeProfiles(database, hashKeys, [
      {
        identities: [{ field: 'email', value: 'ben@example.com' }],
        fields: { email: 'ben@example.com', seen },
      },
    ]),
  );
  const changes = async (): Promise<readonly { change: string; atMs: number }[]> =>
    (
      await store.query<{ change: string; atMs: number }>(
        `select change, extract(epoch from at)::float8 * 1000 as "atMs"
           from changes join profiles on profiles.id = profile_id join audiences on audiences.id = any(audience_ids)
          where profiles.fields ->> 'email' = 'ben@example.com' and name = 'active' order by no`,
      )
    ).rows;
  assert.deepEqual(
    (await changes()).map(({ change }) => change),
    ['enter'],
  );
  await until(() => holds('ben@example.com', '1'), 'ben enters');
  const exit = await until(
    async () => (await changes()).find(({ change }) => change === 'exit'),
    'ben leaves',
  );
  // Times are compared in whole seconds; and a busy machine takes a moment to run what the schedule starts.
  const lateMs = exit.atMs - leavesAtMs;
  assert.ok(lateMs > -1_000 && lateMs < everyMs + 10_000, `${lateMs} ms late`);
  await until(() => holds('ben@example.com', '0'), 'Responsys hears of it');
});

test('The schedule is there once, however often workers start, and its runs are small', async () => {
  await product.restartWorker();
  const handle = product.temporal.schedule.getHandle(reevaluateScheduleId);
  const { spec, info, policies } = await handle.describe();
  assert.deepEqual(
    spec.intervals?.map(({ every }) => every),
    [everyMs],
  );
  assert.equal(policies.overlap, 'SKIP');
  const run = info.recentActions.at(-1)?.action.workflow;
  assert.ok(run !== undefined);
  const lengths: number[] = [];
  for await (const one of product.temporal.workflow.list({ query: `WorkflowType = 'reevaluateDue'` }))
    lengths.push(one.historyLength);
  assert.ok(lengths.length > 1 && Math.max(...lengths) < 20, String(lengths));
  // Another interval is taken over.
  process.env['LYTICS_RESPONSYS_REEVALUATE_EVERY'] = '1h';
  await product.restartWorker();
  assert.deepEqual(
    (await handle.describe()).spec.intervals?.map(({ every }) => every),
    [3_600_000],
  );
});
