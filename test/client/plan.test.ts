import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { authorizationFile, startProduct } from './product.ts';
import type { Product } from './product.ts';

let product: Product;
before(async () => {
  product = await startProduct();
  await product.json('authorizations', 'add', '--from-file', authorizationFile(product));
  const people = Array.from(
    { length: 450 },
    (_, index) => `zoe${index}@canary-example.com,${index < 7 ? '' : `C${index}`},Canary Zoë ${index}`,
  );
  const file = product.write('people.csv', `email,customer_id,nick\n${people.join('\n')}\n`);
  await product.json('audiences', 'import', 'Readers', file);
});
after(() => product.close());

const job = {
  job: 'export-audience',
  authorization: 'Sandbox',
  label: 'Planned',
  audience: 'Readers',
  list: 'CONTACTS_LIST',
  idMappings: { email: 'EMAIL_ADDRESS_', customer_id: 'CUSTOMER_ID_' },
  matchColumn1: 'EMAIL_ADDRESS_',
  matchColumn2: 'CUSTOMER_ID_',
  additionalFields: ['nick'],
  exportAudienceMemberships: ['Readers'],
};
const jobFile = (changes: object): string =>
  product.write('job.yaml', JSON.stringify({ ...job, ...changes }));

interface Logged {
  readonly verb: string;
  readonly function?: string;
}
const posted = async (): Promise<readonly string[]> =>
  ((await product.sandbox.control('requests?limit=1000')) as Logged[])
    .filter(({ verb }) => verb !== 'GET')
    .map((request) => request.function ?? '');

interface Body {
  readonly path: string;
  readonly rows: number;
  readonly body: {
    readonly recordData: { readonly fieldNames: string[]; readonly records: string[][] };
  };
}
interface Planned {
  readonly faults: string[];
  readonly tablesToMake: { readonly name: string; readonly fields: object[] }[];
  readonly audiences: object[];
  readonly members: number;
  readonly told: { readonly words: string; readonly members: number }[];
  readonly requests: Readonly<Record<string, number>>;
  readonly minutes: number;
  readonly bodies: Body[];
}

test('a plan shows all that a job would do, masked, and sends nothing', async () => {
  const planned = (await product.json('jobs', 'plan', jobFile({}))) as Planned;
  assert.deepEqual(planned.tablesToMake, [
    {
      name: 'Lytics_User_Fields_{Job ID}',
      folder: 'Lytics',
      fields: [{ name: 'nick', type: 'STR500' }],
    },
    { name: 'Lytics_Segments', folder: 'Lytics', fields: [{ name: 'READERS', type: 'INTEGER' }] },
  ]);
  assert.deepEqual(planned.audiences, [{ name: 'Readers', column: 'READERS' }]);
  assert.equal(planned.members, 450);
  assert.deepEqual(planned.told, [
    { words: 'The member has no value for the match column CUSTOMER_ID_.', members: 7 },
  ]);
  assert.deepEqual(planned.requests, { list: 3, fields: 3, memberships: 3 });
  assert.deepEqual(
    planned.bodies.map(({ path, rows, body }) => [path, rows, body.recordData.records.length]),
    [
      ['/rest/api/v1.3/lists/CONTACTS_LIST/members', 200, 200],
      [
        '/rest/api/v1.3/lists/CONTACTS_LIST/listExtensions/Lytics_User_Fields_%7BJob%20ID%7D/members',
        200,
        200,
      ],
      ['/rest/api/v1.3/lists/CONTACTS_LIST/listExtensions/Lytics_Segments/members', 200, 200],
    ],
  );
  const [list, , memberships] = planned.bodies;
  assert.deepEqual(list?.body.recordData.fieldNames, ['CUSTOMER_ID_', 'EMAIL_ADDRESS_']);
  assert.match(list.body.recordData.records[0]?.join() ?? '', /^x9+,xxx9+@xxxxxx-xxxxxxx\.xxx$/);
  assert.equal(memberships?.body.recordData.records[0]?.[1], '1');

  const forPeople = await product.run('jobs', 'plan', jobFile({}));
  assert.match(forPeople.out, /Nothing was sent\./);
  const said = JSON.stringify(planned) + forPeople.out + forPeople.err;
  for (const canary of ['zoe', 'Zo', 'anary']) assert.ok(!said.includes(canary), `${canary} is shown`);
  assert.deepEqual(new Set(await posted()), new Set(['Login']));
});

test('every fault is told at once, those of the store and those of the account', async () => {
  const ran = await product.run(
    'jobs',
    'plan',
    jobFile({
      list: 'NO_LIST',
      additionalFields: ['nick', 'shoe_size', 'hat_size'],
      exportAudienceMemberships: ['Readers', 'Nobody'],
    }),
  );
  assert.equal(ran.code, 3);
  assert.match(ran.err, /^CONFIGURATION_REFUSED/);
  for (const fault of [
    /list: the account has no list "NO_LIST"; it has CONTACTS_LIST, NEWSLETTER_LIST\./,
    /there is no user field "shoe_size"/,
    /there is no user field "hat_size"/,
    /exportAudienceMemberships: there is no audience "Nobody"; there are "Readers"/,
  ])
    assert.match(ran.err, fault);
  assert.deepEqual(new Set(await posted()), new Set(['Login']));
});

test('a plan is what a job then does: as many requests, to the same places', async () => {
  const file = jobFile({ fieldsTable: 'NICKS', flushInterval: '1s' });
  const { requests } = (await product.json('jobs', 'plan', file)) as Planned;
  const { id } = (await product.json('jobs', 'start', file)) as { id: string };
  await product.run('jobs', 'watch', id, '--until-scanned', '--json');
  const shown = (await product.json('jobs', 'show', id)) as {
    requests: { target: string; requests: number }[];
  };
  assert.deepEqual(
    Object.fromEntries(shown.requests.map(({ target, requests: made }) => [target, made])),
    requests,
  );
  await product.json('jobs', 'stop', id);
});
