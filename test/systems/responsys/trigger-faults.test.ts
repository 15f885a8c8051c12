/**
 * Triggers into the sandbox at its worst moments: whatever happens, nobody has two mails, everybody has an
 * outcome, and it is true of the outbox. And what bad recipients among good ones cost.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { connectResponsys } from '../../../systems/responsys/index.ts';
import type { Responsys, TriggerResult } from '../../../systems/responsys/index.ts';
import { startSandbox } from '../../harness/sandbox.ts';
import type { TestSandbox } from '../../harness/sandbox.ts';
import { ungoverned } from './ungoverned.ts';

const runs = 25;
const members = 200;
/** Gives up on what the sandbox delays. */
const timeoutMs = 400;

let sandbox: TestSandbox;
let responsys: Responsys;
let riids: readonly string[];

before(async () => {
  sandbox = await startSandbox({
    limits: { '*': 1_000_000 },
    campaigns: Array.from({ length: runs + 20 }, (_, n) => ({
      ...{ name: `Campaign ${n}`, folder: 'Lytics', list: 'CONTACTS_LIST' },
    })),
  });
  const { login, username, password, allowHosts } = sandbox;
  responsys = connectResponsys({
    login: { endpointUri: login, username, password },
    allowHosts,
    governor: ungoverned,
    log: () => undefined,
    timeoutMs,
  });
  const { rows } = await responsys.mergeListMembers('CONTACTS_LIST', {
    columns: ['EMAIL_ADDRESS_'],
    rows: Array.from({ length: members }, (_, n) => [`p${n}@example.com`]),
    rule: {
      ...{ matchColumns: ['EMAIL_ADDRESS_'], insertOnNoMatch: true },
      ...{ updateOnMatch: 'REPLACE_ALL', defaultPermissionStatus: 'OPTIN' },
    },
  });
  riids = rows.map((row) => (row.outcome === 'accepted' ? (row.riid ?? '') : ''));
});
beforeEach(() => fetch(`${sandbox.login}/_sandbox/faults`, { method: 'DELETE' }));
after(() => sandbox.stop());

/** How many mails of a campaign each RIID has. */
async function mailsOf(campaign: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${sandbox.login}/_sandbox/outbox`)).text();
  const mails = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { campaign: string; riid: number })
    .filter((mail) => mail.campaign === campaign);
  return new Map(
    [...Map.groupBy(mails, ({ riid }) => String(riid))].map(([riid, own]) => [riid, own.length]),
  );
}

const send = (campaign: string, some: readonly string[]): Promise<TriggerResult> =>
  responsys.triggerEmail(
    campaign,
    some.map((riid) => ({ riid, optionalData: { TIER: 'Größe' } })),
  );

const unknown = (n: number): string => String(900_000_000 + n);

const fault = fc.record({
  kind: fc.constantFrom(
    ...([
      'reset-before',
      'reset-after',
      'status-500',
      'non-json',
      'throttle',
      'capacity',
      'token-loss',
    ] as const),
    ...(['latency', 'delay-after', 'maintenance', 'reset-after'] as const),
  ),
  after: fc.nat(4),
  times: fc.integer({ min: 1, max: 2 }),
});

const story = fc.record({
  recipients: fc.integer({ min: 1, max: members }),
  batchSize: fc.integer({ min: 20, max: members }),
  /** Places of recipients who are not in the list. */
  bad: fc.uniqueArray(fc.nat(members), { maxLength: 4 }),
  refused: fc.constantFrom('hidden', 'whole-request', 'whole-request-without-index'),
  faults: fc.array(fault, { minLength: 1, maxLength: 4 }),
});

test('in real time, whatever fails: nobody has two mails, and every outcome is true of the outbox', async (context) => {
  let run = 0;
  const seen: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(story, async ({ recipients, batchSize, bad, refused, faults }) => {
      const campaign = `Campaign ${run % (runs + 20)}`;
      run += 1;
      await sandbox.control('config', { unknownRecipient: refused });
      await sandbox.control(
        'faults',
        faults.map((one) => ({ on: 'Trigger Email Message', ms: timeoutMs + 200, ...one })),
      );
      const all = riids.slice(0, recipients).map((riid, at) => (bad.includes(at) ? unknown(at) : riid));
      const fates = new Map<string, string>();
      let left: readonly string[] = all;
      // As a job does: what is proved not to be sent is tried again, nothing else.
      for (let round = 0; round < 8 && left.length > 0; round++) {
        for (let from = 0; from < left.length; from += batchSize) {
          const some = left.slice(from, from + batchSize);
          const { outcomes, trouble } = await send(campaign, some);
          assert.equal(outcomes.length, some.length);
          for (const [at, one] of outcomes.entries()) fates.set(some[at] ?? '', one.outcome);
          const isWhole = outcomes.every(({ outcome }) => outcome === 'accepted' || outcome === 'rejected');
          assert.equal(trouble === undefined, isWhole);
        }
        const mails = await mailsOf(campaign);
        for (const riid of all) {
          const count = mails.get(riid) ?? 0;
          const fate = fates.get(riid);
          assert.ok(count <= 1, `${riid} has ${count} mails`);
          assert.equal(
            count === 1,
            fate === 'accepted' || (fate === 'unknown' && count === 1),
            `${riid} ${fate}`,
          );
          if (fate === 'rejected') assert.ok(!riids.includes(riid));
        }
        left = left.filter((riid) => fates.get(riid) === 'not-sent');
        if (left.length > 0) await new Promise((later) => setTimeout(later, 100));
      }
      await fetch(`${sandbox.login}/_sandbox/faults`, { method: 'DELETE' });
      for (const fate of fates.values()) seen[fate] = (seen[fate] ?? 0) + 1;
      assert.equal(fates.size, all.length);
    }),
    { numRuns: runs, endOnFailure: true },
  );
  context.diagnostic(JSON.stringify(seen));
});

test('a reset after the work was done: the outbox has the mails, and nobody says they were not sent', async () => {
  await sandbox.control('config', { unknownRecipient: 'hidden' });
  await sandbox.control('faults', { on: 'Trigger Email Message', kind: 'reset-after' });
  const campaign = `Campaign ${runs + 10}`;
  const { outcomes } = await send(campaign, riids.slice(0, 3));
  assert.deepEqual(
    outcomes,
    [0, 1, 2].map(() => ({ outcome: 'unknown', reason: 'network' })),
  );
  assert.equal((await mailsOf(campaign)).size, 3);
});

const batch = 200;
for (const [place, refused] of ['hidden', 'whole-request', 'whole-request-without-index'].entries())
  for (const [at, count] of [1, 2, batch].entries())
    test(`${count} bad of ${batch}, ${refused}: all others are mailed once`, async (context) => {
      const campaign = `Campaign ${runs + 11 + place * 3 + at}`;
      await sandbox.control('config', {
        unknownRecipient: refused,
        campaigns: [{ name: campaign, folder: 'Lytics', list: 'CONTACTS_LIST' }],
      });
      const bad = new Set(
        Array.from({ length: count }, (_, n) =>
          count === 1 ? 137 : Math.round((n * (batch - 1)) / (count - 1)),
        ),
      );
      const given = riids.slice(0, batch).map((riid, n) => (bad.has(n) ? unknown(n) : riid));
      const { outcomes, requests, trouble } = await send(campaign, given);
      assert.equal(trouble, undefined);
      assert.deepEqual(
        outcomes.map((one) => (one.outcome === 'rejected' ? one.code : one.outcome)),
        given.map((_, n) => (bad.has(n) ? 'no-recipient' : 'accepted')),
      );
      const mails = await mailsOf(campaign);
      assert.equal(mails.size, batch - count);
      assert.ok([...mails.values()].every((own) => own === 1));
      const extra = requests.length - 1;
      context.diagnostic(`${refused.padEnd(28)} ${String(count).padStart(3)} bad: ${extra} calls more`);
      const logarithm = Math.ceil(Math.log2(batch));
      const named = refused === 'whole-request' ? count : 0;
      assert.ok(
        extra <=
          (refused === 'whole-request-without-index'
            ? Math.min(count * (logarithm + 2), 2 * batch + logarithm)
            : named),
      );
    });
