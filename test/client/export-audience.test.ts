import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { faultyPeople } from './faulty-people.ts';
import { authorizationFile, startProduct } from './product.ts';
import type { Product } from './product.ts';

let product: Product;
before(async () => {
  product = await startProduct();
  await product.json('authorizations', 'add', '--from-file', authorizationFile(product));
});
after(() => product.close());

const job = {
  job: 'export-audience',
  authorization: 'Sandbox',
  label: 'Readers to Responsys',
  audience: 'Readers',
  list: 'CONTACTS_LIST',
  matchColumn1: 'EMAIL_ADDRESS_',
  additionalFields: ['age'],
  exportAudienceMemberships: ['Readers'],
  flushInterval: '1s',
};
const jobFile = (changes: object): string =>
  product.write('job.yaml', JSON.stringify({ ...job, ...changes }));

interface Shown {
  readonly members: { readonly accepted: number; readonly rejected: number };
  readonly scan: { readonly state: string } | null;
  readonly failures: readonly unknown[];
  readonly queued: number | null;
}

/** Looks at a job until it is as expected; what it was instead stands in the failure. */
async function shownAs(id: string, isSo: (shown: Shown) => boolean | Promise<boolean>): Promise<Shown> {
  for (let look = 0; ; look++) {
    const shown = (await product.json('jobs', 'show', id)) as Shown;
    if (await isSo(shown)) return shown;
    if (look > 40) assert.fail(`it stayed ${JSON.stringify(shown)}`);
    await wait(300);
  }
}

test('an own file of people, 5% of them faulty in ten ways: the valid ones arrive, the others have a reason', async () => {
  const { csv, valid, refused, setAside } = faultyPeople(1_000);
  const imported = (await product.json(
    'audiences',
    'import',
    'Readers',
    product.write('people.csv', csv),
  )) as {
    people: number;
    setAside: number;
  };
  assert.equal(imported.setAside, setAside.size);
  assert.equal(imported.people, valid.length + refused.length);

  const { id } = (await product.json('jobs', 'start', jobFile({}))) as { id: string };
  const shown = await shownAs(id, ({ scan }) => scan?.state === 'done');
  assert.deepEqual(shown.members, {
    sent: valid.length + refused.length,
    accepted: valid.length,
    rejected: refused.length,
    notInList: 0,
  });
  // Without Responsys' words, which quote addresses: an overview ends in tickets.
  assert.deepEqual(shown.failures, [{ target: 'list', code: 'bad-email', members: refused.length }]);
  const held = await product.rowsOf('lists/CONTACTS_LIST');
  assert.deepEqual(held.map((row) => row['EMAIL_ADDRESS_']).toSorted(), valid.toSorted());
  const members = await product.rowsOf('tables/CONTACTS_LIST/Lytics_Segments');
  assert.equal(members.filter((row) => row['READERS'] === '1').length, valid.length);
  const failures = (await product.json('jobs', 'failures', id)) as { code: string; members: number }[];
  assert.deepEqual(
    failures.map(({ code, members }) => [code, members]),
    [['bad-email', refused.length]],
  );

  // Followed live: one leaves, one is new, one leaves and comes back.
  await product.json('audiences', 'exit', 'Readers', '--email', 'person1@example.com', 'person2@example.com');
  await product.json('audiences', 'enter', 'Readers', '--email', 'person2@example.com', 'new@example.com');
  const riids = new Map(held.map((row) => [row['EMAIL_ADDRESS_'], row['RIID_']]));
  await shownAs(id, async ({ queued, members: { accepted } }) => {
    if (queued !== 0 || accepted !== valid.length + 1) return false;
    const flags = new Map(
      (await product.rowsOf('tables/CONTACTS_LIST/Lytics_Segments')).map((row) => [
        row['RIID_'],
        row['READERS'],
      ]),
    );
    return (
      flags.get(riids.get('person1@example.com')) === '0' &&
      flags.get(riids.get('person2@example.com')) === '1'
    );
  });
  const { lines: history } = (await product.json(
    'jobs',
    'history',
    id,
    '--email',
    'person1@example.com',
  )) as {
    lines: { change: string; fate: string }[];
  };
  assert.deepEqual(
    history.map(({ change, fate }) => [change, fate]),
    [
      ['exit', 'accepted'],
      ['enter', 'accepted'],
    ],
  );
  await product.json('jobs', 'stop', id);
});

describe('what cannot work is refused before anything is sent, in words', () => {
  before(async () => {
    await product.json(
      'audiences',
      'import',
      'Few',
      product.write('few.csv', 'email,age:int\nfew@example.com,1\n'),
    );
    await product.json(
      'authorizations',
      'add',
      '--from-file',
      authorizationFile(product, { label: 'Wrong', password: 'wrong' }),
    );
    await product.json(
      'authorizations',
      'add',
      '--from-file',
      authorizationFile(product, { label: 'Second', username: 'sandbox' }),
    );
  });
  const few = { label: 'Few', audience: 'Few', exportAudienceMemberships: [] };
  const cases: readonly (readonly [string, object, number, RegExp])[] = [
    [
      'a wrong password',
      { ...few, authorization: 'Wrong' },
      3,
      /^AUTHORIZATION_REFUSED {2}Responsys refused the login \(INVALID_USER_NAME_PASSWORD\)/,
    ],
    [
      'an unknown list',
      { ...few, list: 'NO_LIST' },
      3,
      /^CONFIGURATION_REFUSED {2}list: the account has no list "NO_LIST"; it has CONTACTS_LIST/,
    ],
    [
      'an illegal column',
      { ...few, additionalFields: ['date'] },
      2,
      /additionalFields: "date" is a word that Responsys reserves/,
    ],
    [
      'thirty fields',
      { ...few, additionalFields: Array.from({ length: 30 }, (_, index) => `f${index}`) },
      2,
      /has 30 user fields, up to 29 are allowed/,
    ],
    [
      'an unmapped match column',
      { ...few, matchColumn1: 'CUSTOMER_ID_' },
      2,
      /matchColumn1: CUSTOMER_ID_ is not mapped/,
    ],
    [
      'a missing audience',
      { ...few, audience: 'Nobody' },
      5,
      /^NOT_FOUND {2}audience: there is no audience "Nobody"; there are "Few"/,
    ],
    [
      'an unknown user field',
      { ...few, additionalFields: ['shoe_size'] },
      3,
      /there is no user field "shoe_size"; there are age, email/,
    ],
    [
      'an unknown authorization',
      { ...few, authorization: 'None' },
      5,
      /authorization: there is none called "None"/,
    ],
  ];
  for (const [what, changes, code, words] of cases) {
    test(what, async () => {
      const ran = await product.run('jobs', 'start', jobFile(changes));
      assert.match(ran.err, words);
      assert.equal(ran.code, code);
      assert.doesNotMatch(ran.err, /^ {4}at /m, 'no stack trace');
    });
  }

  test('a host that is not Oracle’s gets no login', async () => {
    const ran = await product.run(
      'authorizations',
      'add',
      '--from-file',
      authorizationFile(product, { label: 'Elsewhere', endpointUri: 'login2.example.net' }),
    );
    assert.equal(ran.code, 2);
    assert.match(
      ran.err,
      /Endpoint URI: "login2\.example\.net" is no host of Oracle’s; expected login2\.responsys\.net/,
    );
  });
});

test('secrets are shown by no command', async () => {
  const { password } = product.sandbox;
  for (const args of [
    ['authorizations', 'list'],
    ['authorizations', 'show', 'Sandbox'],
    ['authorizations', 'test', 'Sandbox'],
  ]) {
    for (const ran of [await product.run(...args), await product.run(...args, '--json')]) {
      assert.equal(ran.code, 0, ran.err);
      assert.ok(!(ran.out + ran.err).includes(password));
    }
  }
});
