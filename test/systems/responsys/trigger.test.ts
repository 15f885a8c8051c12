import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { ExpectedError } from '../../../jobs/errors.ts';
import type { Governor, TriggerOutcome, TriggerRecipient } from '../../../systems/responsys/index.ts';
import { refusal, startStub, tokenPath } from './stub.ts';
import type { Asked, Reply } from './stub.ts';

interface Sent {
  readonly recipient: { readonly recipientId: number };
  readonly optionalData: readonly { readonly name: string; readonly value: string }[];
}

const sentIn = (asked: Asked): readonly Sent[] => asked.body['recipientData'] as readonly Sent[];
const riidsIn = (asked: Asked): readonly number[] =>
  sentIn(asked).map(({ recipient }) => recipient.recipientId);
const recipients = (n: number): readonly TriggerRecipient[] =>
  Array.from({ length: n }, (_, at) => ({ riid: String(at + 1), optionalData: {} }));
const taken = (asked: Asked): Reply => ({
  body: riidsIn(asked).map((recipientId) => ({ errorMessage: null, success: true, recipientId })),
});
const told = (outcomes: readonly TriggerOutcome[]) =>
  outcomes.map((one) => ('reason' in one ? `${one.outcome}: ${one.reason}` : one.outcome));
const triggersOf = (asked: readonly Asked[]) => asked.filter(({ path }) => path !== tokenPath);

test('recipients go by RIID with their data, in ASCII, and each has the outcome of its line', async () => {
  const lines = [
    { errorMessage: null, success: true, recipientId: 7 },
    { errorMessage: 'NO_RECIPIENT_FOUND: Recipient Not Found', success: false, recipientId: -1 },
    { errorMessage: 'RECIPIENT_STATUS_UNDELIVERABLE', success: false, recipientId: -1 },
    { errorMessage: 'FAILURE: it is so', success: false, recipientId: -1 },
  ];
  const stub = await startStub(() => ({ body: lines }));
  const given = [
    { riid: '7', optionalData: { FIRST_NAME: 'Zoë €', TIER: '' } },
    ...['8', '9', '10'].map((riid) => ({ riid, optionalData: {} })),
  ];
  const { outcomes, requests, trouble } = await stub.responsys.triggerEmail('Welcome [é]', given);
  const [asked] = triggersOf(stub.asked);
  assert.equal(asked?.path, '/rest/api/v1.3/campaigns/Welcome%20%5B%C3%A9%5D/email');
  // eslint-disable-next-line no-control-regex
  assert.match(asked.text, /^[\x00-\x7f]*$/);
  assert.match(asked.text, /Zo\\u00eb \\u20ac/);
  assert.deepEqual(sentIn(asked)[0], {
    recipient: { recipientId: 7 },
    optionalData: [
      { name: 'FIRST_NAME', value: 'Zoë €' },
      { name: 'TIER', value: '' },
    ],
  });
  assert.deepEqual(outcomes, [
    { outcome: 'accepted', riid: '7' },
    { outcome: 'rejected', code: 'no-recipient', words: lines[1]?.errorMessage },
    { outcome: 'rejected', code: 'undeliverable', words: lines[2]?.errorMessage },
    { outcome: 'rejected', code: 'refused', words: lines[3]?.errorMessage },
  ]);
  assert.deepEqual([requests.length, requests[0]?.rows, trouble], [1, 4, undefined]);
});

for (const [reply, expected] of [
  [refusal(401, 'API_LIMIT_EXCEEDED'), 'not-sent: throttled'],
  [{ status: 429, body: 'you got rate limited' }, 'not-sent: throttled'],
  [refusal(503, 'INTERNAL_CAPACITY_LIMIT_EXCEEDED'), 'not-sent: capacity'],
  [refusal(503, 'SERVICE_UNAVAILABLE'), 'not-sent: service'],
  [refusal(401, 'API_DISABLED_FOR_USER'), 'not-sent: not-allowed'],
  [refusal(401, 'TOKEN_EXPIRED'), 'not-sent: token'],
  [refusal(500, 'UNEXPECTED_EXCEPTION', 'Not a valid authentication token'), 'not-sent: token'],
  [refusal(404, 'CAMPAIGN_NOT_FOUND'), 'not-sent: not-found'],
  [refusal(400, 'CAMPAIGN_IS_INVALID'), 'not-sent: refused'],
  [refusal(400, 'INVALID_PARAMETER', 'The campaign cannot be triggered'), 'not-sent: refused'],
  [undefined, 'unknown: network'],
  [refusal(500, 'UNEXPECTED_EXCEPTION', 'An unexpected exception occurred'), 'unknown: service'],
  [{ status: 502, body: '<html>Bad gateway</html>' }, 'unknown: service'],
  [{ status: 503, body: '' }, 'unknown: service'],
  [{ status: 400, body: '' }, 'unknown: refused'],
  [refusal(400, 'DUPLICATE_API_REQUEST'), 'unknown: refused'],
  [refusal(400, 'NEVER_SEEN', 'Record 1 = bad'), 'unknown: refused'],
  [{ body: '<html>maintenance</html>' }, 'unknown: service'],
  [{ body: [{ success: true, recipientId: 1, errorMessage: null }] }, 'unknown: service'],
  [{ body: { recordData: {} } }, 'unknown: service'],
] as const) {
  test(`after ${reply === undefined ? 'a reset' : JSON.stringify(reply)} everybody is ${expected}, and no other call is made`, async () => {
    const stub = await startStub(() => reply);
    const { outcomes, trouble } = await stub.responsys.triggerEmail('C', recipients(201));
    const [sent = '', reason = ''] = expected.split(': ');
    assert.deepEqual(told(outcomes), [
      ...Array.from({ length: 200 }, () => expected),
      // Who was in no call has not been sent anything, whatever became of the others.
      `not-sent: ${reason}`,
    ]);
    assert.ok(trouble !== undefined && sent !== '');
    const calls = triggersOf(stub.asked);
    assert.ok(calls.length === (reason === 'token' ? 2 : 1), `${calls.length} calls`);
  });
}

test('a line that cannot be read leaves its recipient unknown, and the others as they are', async () => {
  const line = { errorMessage: null, success: true };
  const stub = await startStub(() => ({
    body: [{ ...line, recipientId: 1 }, { recipientId: 2 }, { ...line, recipientId: null }, null],
  }));
  const { outcomes } = await stub.responsys.triggerEmail('C', recipients(4));
  assert.deepEqual(told(outcomes), ['accepted', 'unknown: service', 'accepted', 'unknown: service']);
});

for (const named of [true, false])
  test(`bad recipients that a refusal ${named ? 'names' : 'does not name'} take nobody down, and nobody is taken twice`, async () => {
    const bad = [3, 77, 199];
    const mailed: number[] = [];
    const stub = await startStub((asked) => {
      const riids = riidsIn(asked);
      const at = riids.findIndex((riid) => bad.includes(riid));
      if (at >= 0)
        return refusal(400, 'INVALID_PARAMETER', `${named ? `Record ${at} = ` : ''}Bad Email Format\r\n`);
      mailed.push(...riids);
      return taken(asked);
    });
    const { outcomes, trouble } = await stub.responsys.triggerEmail('C', recipients(200));
    assert.equal(trouble, undefined);
    assert.deepEqual(
      outcomes.flatMap((one, at) => (one.outcome === 'rejected' ? [[at + 1, one.code, one.words]] : [])),
      bad.map((riid) => [riid, 'bad-email', 'Bad Email Format']),
    );
    assert.equal(mailed.length, 197);
    assert.equal(new Set(mailed).size, 197);
    const most = named ? 1 + bad.length : 1 + bad.length * 10;
    assert.ok(triggersOf(stub.asked).length <= most, `${triggersOf(stub.asked).length} calls`);
  });

test('trouble in the midst of narrowing keeps what was taken, and leaves the rest for later', async () => {
  let calls = 0;
  const stub = await startStub((asked) => {
    calls += 1;
    const riids = riidsIn(asked);
    if (riids.includes(30)) return refusal(400, 'INVALID_PARAMETER', 'Bad Email Format');
    return calls > 2 ? refusal(401, 'API_LIMIT_EXCEEDED') : taken(asked);
  });
  const { outcomes, trouble } = await stub.responsys.triggerEmail('C', recipients(40));
  const counts = Object.groupBy(told(outcomes), (one) => one);
  assert.deepEqual(Object.keys(counts), ['accepted', 'not-sent: throttled']);
  assert.equal(counts['accepted']?.length, 20);
  assert.equal((trouble as { kind?: string }).kind, 'throttled');
});

test('an account that takes fewer a call is sent fewer', async () => {
  const sizes: number[] = [];
  const stub = await startStub((asked) => {
    if (riidsIn(asked).length > 60) return refusal(400, 'RECIPIENT_LIMIT_EXCEEDED');
    sizes.push(riidsIn(asked).length);
    return taken(asked);
  });
  const { outcomes } = await stub.responsys.triggerEmail('C', recipients(201));
  assert.ok(outcomes.every((one, at) => one.outcome === 'accepted' && one.riid === String(at + 1)));
  assert.deepEqual(sizes, [50, 50, 50, 50, 1]);
});

test('a lost token brings one login, and the call again', async () => {
  const stub = await startStub((asked) =>
    asked.authorization === 'token-1' ? refusal(401, 'INVALID_TOKEN') : taken(asked),
  );
  const { outcomes } = await stub.responsys.triggerEmail('C', recipients(2));
  assert.deepEqual(told(outcomes), ['accepted', 'accepted']);
  assert.equal(stub.logins().length, 2);
});

test('a login that is refused or not answered sends nothing, also in the midst', async () => {
  for (const [reply, expected] of [
    [refusal(400, 'INVALID_USER_NAME_PASSWORD'), 'not-sent: login-refused'],
    [undefined, 'not-sent: network'],
    [{ body: 'no token' }, 'not-sent: service'],
  ] as const)
    for (const goodLogins of [0, 1]) {
      let logins = 0;
      const stub = await startStub(
        () => refusal(401, 'TOKEN_EXPIRED'),
        (_, { origin }) =>
          ++logins > goodLogins
            ? reply
            : { body: { authToken: 't', issuedAt: Date.now(), endPoint: origin } },
      );
      const { outcomes } = await stub.responsys.triggerEmail('C', recipients(2));
      assert.deepEqual(told(outcomes), [expected, expected]);
    }
});

test('a store that cannot be asked sends nothing', async () => {
  const governor: Governor = {
    run: () => Promise.reject(new ExpectedError('SERVICE_UNAVAILABLE', 'The store cannot be reached.')),
  };
  const stub = await startStub(taken, undefined, [], governor);
  const { outcomes, trouble } = await stub.responsys.triggerEmail('C', recipients(1));
  assert.deepEqual(told(outcomes), ['not-sent: ours']);
  assert.ok(trouble instanceof ExpectedError);
  assert.equal(triggersOf(stub.asked).length, 0);
});

test('what a mail may not be given is told before anything is sent', async () => {
  const stub = await startStub(taken);
  for (const one of [
    { riid: '1', optionalData: { email_address_: 'x' } },
    { riid: '-1', optionalData: {} },
    { riid: '', optionalData: {} },
  ]) {
    const { outcomes, trouble } = await stub.responsys.triggerEmail('C', [...recipients(1), one]);
    assert.deepEqual(told(outcomes), ['not-sent: ours', 'not-sent: ours']);
    assert.match(String(trouble?.message), /nothing was sent/);
  }
  assert.equal(stub.asked.length, 0);
});

test('who gives up is not sent what has not begun, and told what became of what has', async () => {
  const turn = Promise.withResolvers<undefined>();
  const begun = Promise.withResolvers<undefined>();
  const governor: Governor = {
    run: (api, _, call, signal) =>
      api === 'Login'
        ? call()
        : new Promise((resolve, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason as Error));
            void turn.promise.then(() => {
              if (signal?.aborted !== true) resolve(call());
            });
          }),
  };
  const stub = await startStub(
    (asked) => {
      begun.resolve(undefined);
      return taken(asked);
    },
    undefined,
    [],
    governor,
  );
  const early = new AbortController();
  const waiting = stub.responsys.triggerEmail('C', recipients(1), early.signal);
  await wait(20);
  early.abort(new Error('enough'));
  const cancelled = await waiting;
  assert.deepEqual(told(cancelled.outcomes), ['not-sent: cancelled']);
  assert.equal(cancelled.trouble?.message, 'enough');
  assert.deepEqual(told((await stub.responsys.triggerEmail('C', recipients(1), early.signal)).outcomes), [
    'not-sent: cancelled',
  ]);

  const late = new AbortController();
  const sending = stub.responsys.triggerEmail('C', recipients(201), late.signal);
  void begun.promise.then(() => late.abort(new Error('enough')));
  turn.resolve(undefined);
  const { outcomes } = await sending;
  assert.deepEqual(told(outcomes).slice(199), ['accepted', 'not-sent: cancelled']);
});
