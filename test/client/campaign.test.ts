import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { keys, noTerminal, openTerminal } from '../harness/terminal.ts';
import { untilSo } from '../harness/until.ts';
import { authorizationFile, startProduct } from './product.ts';
import type { Product } from './product.ts';

let product: Product;
before(async () => {
  product = await startProduct();
  await product.json('authorizations', 'add', '--from-file', authorizationFile(product));
  const people = Array.from({ length: 200 }, (_, index) => `C${index},p${index}@canary-example.com,Zoë,`);
  const others = [
    'TWIN,P0@canary-example.com,gold,',
    'NONE,,gold,',
    'ODD,canary at home,gold,',
    'OUT,out@canary-example.com,gold,2026-01-01T00:00:00Z',
  ];
  const file = product.write(
    'people.csv',
    `customer_id,contact,tier,email_last_opt_out_ts:date\n${[...people, ...others].join('\n')}\n`,
  );
  await product.json('audiences', 'import', 'Readers', file);
});
after(() => product.close());

const job = {
  job: 'export-campaign',
  authorization: 'Sandbox',
  label: 'Welcome',
  audience: 'Readers',
  emailField: 'contact',
  campaign: 'Lytics_Welcome',
  backfill: true,
  additionalFields: ['tier'],
  defaultPermissionStatus: 'OPTIN',
  flushInterval: '1s',
};
const jobFile = (changes: object): string =>
  product.write('job.yaml', JSON.stringify({ ...job, ...changes }));

interface Applied {
  readonly outcome: string;
  readonly id: string;
  readonly differences: { readonly field: string }[];
}
const apply = async (changes: object): Promise<Applied> =>
  (await product.json('jobs', 'apply', jobFile(changes), '--yes')) as Applied;

interface Outcomes {
  readonly entered: number;
  readonly fates: Readonly<Record<string, number>>;
  readonly rejectedBecause: object[];
  readonly triggered: number;
  readonly events: Readonly<Record<string, number>>;
  readonly addsUp: boolean;
}
const outcomes = async (): Promise<Outcomes> =>
  (await product.json('jobs', 'outcomes', 'Welcome')) as Outcomes;

interface Mail {
  readonly email: string;
  readonly optionalData: object;
}
const outbox = async (): Promise<readonly Mail[]> =>
  (await product.rowsOf('outbox')) as unknown as readonly Mail[];

const until = (isSo: () => Promise<boolean>): Promise<void> =>
  untilSo(isSo, { withinMs: 30_000, everyMs: 300 });

let plannedRequests: object;

test('a plan says who would be mailed and who not, and shows the first bodies masked; it sends nothing', async () => {
  const planned = (await product.json('jobs', 'plan', jobFile({}))) as {
    readonly campaign: object;
    readonly tablesToMake: object[];
    readonly audiences: object[];
    readonly present: number;
    readonly mailed: number;
    readonly notMailed: { readonly reason: string; readonly stays: number }[];
    readonly bodies: { readonly path: string; readonly body: Record<string, unknown> }[];
    readonly requests: object;
    readonly pace: { readonly function: string }[];
  };
  plannedRequests = planned.requests;
  assert.deepEqual(planned.campaign, {
    name: 'Lytics_Welcome',
    purpose: 'PROMOTIONAL',
    list: 'CONTACTS_LIST',
  });
  assert.deepEqual(planned.tablesToMake, [
    { name: 'Lytics_User_Fields', folder: 'Lytics', fields: [{ name: 'tier', type: 'STR500' }] },
  ]);
  assert.deepEqual(planned.audiences, [{ name: 'Readers', members: 204 }]);
  assert.deepEqual([planned.present, planned.mailed], [204, 200]);
  assert.deepEqual(Object.fromEntries(planned.notMailed.map(({ reason, stays }) => [reason, stays])), {
    'same-address': 1,
    'no-address': 1,
    'bad-email': 1,
    'opted-out': 1,
  });
  assert.deepEqual(
    planned.bodies.map(({ path }) => path),
    [
      '/rest/api/v1.3/lists/CONTACTS_LIST/members',
      '/rest/api/v1.3/lists/CONTACTS_LIST/listExtensions/Lytics_User_Fields/members',
      '/rest/api/v1.3/campaigns/Lytics_Welcome/email',
    ],
  );
  const [trigger] = planned.bodies[2]?.body['recipientData'] as object[];
  assert.match(JSON.stringify(trigger), /"optionalData":\[\{"name":"tier","value":"xxxx?"\}\]/);
  assert.deepEqual(
    planned.pace.map((one) => one.function),
    ['Merge List Recipients', 'Merge Profile Extension Recipients', 'Trigger Email Message'],
  );

  const forPeople = await product.run('jobs', 'plan', jobFile({ backfill: false }));
  assert.match(forPeople.out, /Mailed is who enters from now on\. A back-fill .* would mail:/);
  assert.match(forPeople.out, /Nothing was sent\./);
  const said = JSON.stringify(planned) + forPeople.out + forPeople.err;
  for (const canary of ['canary', 'Zo', 'gold', 'TWIN'])
    assert.ok(!said.includes(canary), `${canary} is shown`);
  const requests = (await product.sandbox.control('requests?limit=1000')) as {
    verb: string;
    function?: string;
  }[];
  assert.deepEqual(
    new Set(requests.filter(({ verb }) => verb !== 'GET').map((one) => one.function)),
    new Set(['Login']),
  );
});

test('every fault is told at once; campaigns are offered, like ones first', async () => {
  const ran = await product.run(
    'jobs',
    'plan',
    jobFile({
      campaign: 'Lytics_Welcom',
      emailField: 'mail',
      additionalFields: ['shoe_size'],
      audience: 'Nobody',
    }),
  );
  assert.equal(ran.code, 3);
  for (const fault of [
    /campaign: the account has no campaign "Lytics_Welcom"; it has Lytics_Welcome, Lytics_Receipt, /,
    /emailField: there is no user field "mail"/,
    /additionalFields: there is no user field "shoe_size"/,
    /audience: there is no audience "Nobody"; there are "Readers"/,
  ])
    assert.match(ran.err, fault);
  const closed = await product.run('jobs', 'apply', jobFile({ campaign: 'Summer_Sale' }));
  assert.equal(closed.code, 3);
  assert.match(closed.err, /^CONFIGURATION_REFUSED {2}campaign: "Summer_Sale" is CLOSED/);
});

test('applied, it mails the present members once, and the outcomes add up; applied again it does nothing', async () => {
  const started = await apply({});
  assert.equal(started.outcome, 'started');
  await product.run('jobs', 'watch', 'Welcome', '--until-scanned', '--json');
  assert.equal((await apply({})).outcome, 'unchanged');

  const mails = await outbox();
  assert.equal(mails.length, 200);
  assert.equal(new Set(mails.map(({ email }) => email.toLowerCase())).size, 200);
  const found = await outcomes();
  assert.equal(found.entered, 204);
  assert.deepEqual(Object.fromEntries(Object.entries(found.fates).filter(([, stays]) => stays > 0)), {
    accepted: 200,
    rejected: 2,
    'same-address': 1,
    'opted-out': 1,
  });
  assert.deepEqual(found.rejectedBecause, [
    { reason: 'bad-email', mails: 1 },
    { reason: 'no-address', mails: 1 },
  ]);
  assert.deepEqual([found.triggered, found.events['silent'], found.addsUp], [200, 200, true]);
  const forPeople = await product.run('jobs', 'outcomes', 'Welcome');
  assert.match(forPeople.out, /It adds up: 204 entered, 200 mails/);

  const { requests } = (await product.json('jobs', 'show', 'Welcome')) as {
    requests: { target: string; requests: number }[];
  };
  assert.deepEqual(
    Object.fromEntries(requests.map(({ target, requests: made }) => [target, made])),
    plannedRequests,
  );
  const shown = await product.run('jobs', 'show', 'Welcome');
  assert.match(shown.out, /audience → campaign +Readers → Lytics_Welcome/);
  assert.match(shown.out, /purpose +PROMOTIONAL/);
  assert.match(shown.out, /requests, trigger +\d+ with 200 rows/);
  const failures = await product.run('jobs', 'failures', 'Welcome');
  assert.match(failures.out, /no-address +1 +The profile has no address in contact\./);
  assert.ok(!shown.out.includes('canary'));
});

test('a changed file changes the running job and mails nobody again; another campaign is another job', async () => {
  const changed = await apply({ flushInterval: '2s', mailsADay: 5_000 });
  assert.deepEqual(
    [changed.outcome, changed.differences.map(({ field }) => field)],
    ['changed', ['flushInterval', 'mailsADay']],
  );
  const refused = await product.run('jobs', 'apply', jobFile({ campaign: 'Lytics_Receipt' }), '--yes');
  assert.equal(refused.code, 3);
  assert.match(refused.err, /^CHANGE_REFUSED {2}campaign: from Lytics_Welcome to Lytics_Receipt/);
  assert.equal((await product.run('jobs', 'backfill', 'Welcome')).code, 0);
  await product.run('jobs', 'watch', 'Welcome', '--until-scanned', '--json');
  assert.equal((await outbox()).length, 200);
});

test('a mail of unknown fate is sent again only when somebody agrees, told how many may be second ones', async () => {
  await product.sandbox.control('faults', [{ on: 'Trigger Email Message', kind: 'reset-after', times: 1 }]);
  const file = product.write('more.csv', 'customer_id,contact\nLATE,late@canary-example.com\n');
  await product.json('audiences', 'import', 'Readers', file);
  await until(async () => (await outcomes()).fates['unknown'] === 1);
  assert.equal((await outbox()).length, 201);
  assert.equal(
    ((await product.json('jobs', 'retry', 'Welcome', '--reason', 'no-address')) as { members: number })
      .members,
    1,
  );

  const unasked = await product.run('jobs', 'send-unknown', 'Welcome');
  assert.equal(unasked.code, 2);
  assert.match(unasked.err, /^USAGE {2}1 people may get a second mail of Lytics_Welcome: .* say --yes/);
  await until(async () => (await product.run('jobs', 'send-unknown', 'Welcome', '--yes')).code === 0);
  await until(async () => (await outcomes()).fates['unknown'] === 0);
  assert.equal((await outcomes()).fates['accepted'], 201);
  assert.equal((await outbox()).filter(({ email }) => email === 'late@canary-example.com').length, 2);
  await product.json('jobs', 'stop', 'Welcome');
});

test(
  'create asks in the specification’s order, offers campaigns that can be triggered, and writes the file',
  {
    skip: noTerminal,
  },
  async () => {
    const file = join(product.folder, 'created.yaml');
    const main = join(import.meta.dirname, '..', '..', 'client', 'main.ts');
    const terminal = openTerminal([process.execPath, main, 'jobs', 'create', '--file', file], product.env);
    const { enter, down, space } = keys;
    await terminal.answer(/Job type[^]*Export Audiences to Campaign/, down, down, enter);
    await terminal.answer(/Authorization[^]*Sandbox/, enter);
    await terminal.answer(/Label/, 'Asked', enter);
    await terminal.answer(/Description \(optional\)/, enter);
    await terminal.answer(/audience to export[^]*Readers \(205 members\)/, space, enter);
    await terminal.answer(/Email Field[^]*contact/, enter);
    await terminal.answer(
      /Campaign[^]*Lytics_Welcome \(PROMOTIONAL, list CONTACTS_LIST, folder Lytics\)[^]*Newsletter/,
      down,
      enter,
    );
    await terminal.answer(/Back Fill \(optional\)/, enter);
    await terminal.answer(/Additional Fields \(optional, up to 29\)/, enter);
    await terminal.answer(/Nothing was sent\.[^]*Start the job\?/, 'n', enter);
    const { code, shown } = await terminal.end();
    assert.equal(code, 0, shown);
    assert.ok(
      !shown.includes('Summer_Sale') && !shown.includes('Text_Offer'),
      'what cannot be triggered is offered',
    );
    const written = parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    assert.deepEqual(
      { ...written, emailField: 'any' },
      {
        job: 'export-campaign',
        authorization: 'Sandbox',
        label: 'Asked',
        audience: 'Readers',
        emailField: 'any',
        campaign: 'Lytics_Receipt',
        backfill: false,
        additionalFields: [],
      },
    );
  },
);

test('who enters while the job is stopped is told of and not mailed; who had entered before is, when it starts again', async () => {
  const enter = (name: string) =>
    product.json(
      'audiences',
      'import',
      'Readers',
      product.write('one.csv', `customer_id,contact\n${name},${name}@canary-example.com\n`),
    );
  const settings = { backfill: false, flushInterval: '1h' };
  assert.equal((await apply(settings)).outcome, 'started-again');
  await enter('before');
  await until(async () => (await outcomes()).fates['waiting'] === 1);
  const stopped = await product.run('jobs', 'stop', 'Welcome');
  assert.match(
    stopped.out,
    /1 who entered wait: they are mailed when it is started again, .*Who enters while it is stopped gets no mail; after "jobs pause"/,
  );
  await until(async () => {
    const { state } = (await product.json('jobs', 'show', 'Welcome')) as { state: string };
    return state === 'stopped';
  });
  await enter('meanwhile');
  const file = jobFile({ ...settings, flushInterval: '1s' });
  const planned = (await product.json('jobs', 'plan', file)) as { enteredWhileStopped: number };
  assert.equal(planned.enteredWhileStopped, 1);
  const note =
    /Note: 1 members entered while the job was stopped: they get no mail for it\. "jobs backfill" mails them/;
  assert.match((await product.run('jobs', 'plan', file)).out, note);
  assert.match((await product.run('jobs', 'apply', file, '--yes')).out, note);
  const addresses = async () => (await outbox()).map(({ email }) => email);
  await until(async () => (await addresses()).includes('before@canary-example.com'));
  await enter('after');
  await until(async () => (await addresses()).includes('after@canary-example.com'));
  assert.ok(!(await addresses()).includes('meanwhile@canary-example.com'));
});
