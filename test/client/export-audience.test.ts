import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
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

type Row = Readonly<Record<string, string>>;

async function rowsOf(path: string): Promise<Row[]> {
  const response = await fetch(`${product.sandbox.login}/_sandbox/${path}`);
  return (await response.text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

interface Shown {
  readonly members: { readonly accepted: number; readonly rejected: number };
  readonly scan: { readonly state: string } | null;
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

/** Ten kinds of faulty lines: five that no import can take, five that Responsys refuses. */
const faulty: readonly ((number: number) => string)[] = [
  (number) => `nobody${number}.example.com,30`,
  () => ',30',
  (number) => `cells${number}@example.com,30,too many`,
  (number) => `kind${number}@example.com,thirty`,
  (number) => `"quote${number}@example.com,30`,
  (number) => `dots${number}@example..com,30`,
  (number) => `top${number}@example,30`,
  (number) => `blank${number}@exam ple.com,30`,
  (number) => `.dot${number}@example.com,30`,
  (number) => `end${number}@example.com.,30`,
];

test('an own file of people, 5% of them faulty in ten ways: the valid ones arrive, the others have a reason', async () => {
  const lines = ['email,age:int'];
  const valid: string[] = [];
  for (let number = 1; number <= 1_000; number++) {
    // A quote that never closes takes all that follows with it: that kind stands at the end.
    const fault = number % 20 === 0 ? faulty[(number / 20) % faulty.length] : undefined;
    if (fault === undefined || fault === faulty[4]) {
      valid.push(`person${number}@example.com`);
      lines.push(`Person${number}@Example.com,${number % 90}`);
    } else {
      lines.push(fault(number));
    }
  }
  lines.push(faulty[4]?.(1_001) ?? '');
  const imported = (await product.json(
    'audiences',
    'import',
    'Readers',
    product.write('people.csv', `${lines.join('\n')}\n`),
  )) as {
    people: number;
    setAside: number;
  };
  const refused = 25;
  assert.equal(imported.setAside, 21);
  assert.equal(imported.people, valid.length + refused);

  const { id } = (await product.json('jobs', 'start', jobFile({}))) as { id: string };
  const shown = await shownAs(id, ({ scan }) => scan?.state === 'done');
  assert.deepEqual(shown.members, {
    sent: valid.length + refused,
    accepted: valid.length,
    rejected: refused,
    notInList: 0,
  });
  const held = await rowsOf('lists/CONTACTS_LIST');
  assert.deepEqual(held.map((row) => row['EMAIL_ADDRESS_']).toSorted(), valid.toSorted());
  const members = await rowsOf('tables/CONTACTS_LIST/Lytics_Segments');
  assert.equal(members.filter((row) => row['READERS'] === '1').length, valid.length);
  const failures = (await product.json('jobs', 'failures', id)) as { code: string; members: number }[];
  assert.deepEqual(
    failures.map(({ code, members }) => [code, members]),
    [['bad-email', refused]],
  );

  // Followed live: one leaves, one is new, one leaves and comes back.
  await product.json('audiences', 'exit', 'Readers', '--email', 'person1@example.com', 'person2@example.com');
  await product.json('audiences', 'enter', 'Readers', '--email', 'person2@example.com', 'new@example.com');
  const riids = new Map(held.map((row) => [row['EMAIL_ADDRESS_'], row['RIID_']]));
  await shownAs(id, async ({ queued, members: { accepted } }) => {
    if (queued !== 0 || accepted !== valid.length + 1) return false;
    const flags = new Map(
      (await rowsOf('tables/CONTACTS_LIST/Lytics_Segments')).map((row) => [row['RIID_'], row['READERS']]),
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
