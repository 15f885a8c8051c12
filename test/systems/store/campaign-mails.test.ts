import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { after, before, beforeEach, test } from 'node:test';
import { changeMembership } from '../../../systems/store/audiences.ts';
import {
  claimMails,
  readWaiting,
  settleClaims,
  takeLane,
  writeOutcomes,
} from '../../../systems/store/campaign-claims.ts';
import type { AddressedMail, Attempt, Claims, MailBounds } from '../../../systems/store/campaign-claims.ts';
import { readMailCounts } from '../../../systems/store/campaign-counts.ts';
import { readOutcomeCells } from '../../../systems/store/campaign-cells.ts';
import { hearStays, tellOfWaiting } from '../../../systems/store/campaign-entries.ts';
import {
  beginBackfill,
  beginMailRetry,
  beginUnknown,
  countUnknown,
  forgetBackfill,
} from '../../../systems/store/campaign-walks.ts';
import { settleByEvents } from '../../../systems/store/campaign-outcomes.ts';
import type { MailEvent } from '../../../systems/store/campaign-outcomes.ts';
import { positionOf, startRelaying } from '../../../systems/store/changes.ts';
import { transaction } from '../../../systems/store/database.ts';
import type { Pool } from '../../../systems/store/database.ts';
import { endLostJob } from '../../../systems/store/job-end.ts';
import { setJobState } from '../../../systems/store/jobs.ts';
import { hashIdentity, openHashKeys } from '../../../systems/store/identities.ts';
import type { HashKeys } from '../../../systems/store/identities.ts';
import { mergeProfiles } from '../../../systems/store/merging.ts';
import { endScan } from '../../../systems/store/scans.ts';
import { keyFrom } from '../../../systems/store/secrets.ts';
import { openTestStore } from '../../harness/store.ts';
import type { TestStore } from '../../harness/store.ts';
import { addBareCampaign, addPeople } from './campaign-job.ts';

let opened: TestStore;
let store: Pool;
let hashKeys: HashKeys;
let audienceId: string;
before(async () => {
  opened = await openTestStore();
  ({ store } = opened);
  hashKeys = await openHashKeys(store, keyFrom(Buffer.alloc(32, 7).toString('base64')));
});
after(() => opened.close());
let jobId: string;
beforeEach(async () => {
  ({ jobId, audienceId } = await addBareCampaign(store, `j${randomUUID().slice(0, 8)}`));
});

const people = (count: number): Promise<readonly string[]> => addPeople(store, count);
const change = (ids: readonly string[], how: 'enter' | 'exit') =>
  transaction(store, (database) => changeMembership(database, audienceId, ids, how));
/** They enter, and the job hears of it. */
async function enter(ids: readonly string[]): Promise<void> {
  await change(ids, 'enter');
  await hear(ids);
}
const hear = (ids: readonly string[]) =>
  transaction(store, (database) =>
    hearStays(
      database,
      jobId,
      ids.map((profileId) => ({ audienceId, profileId })),
    ),
  );

async function openAttempt(lane: Attempt['lane'] = 'live'): Promise<Attempt> {
  const attempt = { jobId, lane, attemptId: randomUUID() };
  await takeLane(store, attempt);
  return attempt;
}
/** @param addressOf the profile's own, unless given */
async function waiting(
  ids: readonly string[],
  addressOf: (profileId: string) => string = (profileId) => `${profileId}@example.com`,
): Promise<readonly AddressedMail[]> {
  const mails = await transaction(store, (database) => readWaiting(database, jobId, ids));
  return mails.map((mail) => ({
    ...mail,
    address: hashIdentity(hashKeys, { field: 'email', value: addressOf(mail.profileId) }),
  }));
}
const claim = (attempt: Attempt, mails: readonly AddressedMail[], bounds: MailBounds = {}): Promise<Claims> =>
  claimMails(store, attempt, 'c1', mails, bounds);
const write = (attempt: Attempt, mails: Iterable<number>, fate: 'accepted' | 'waiting' | 'rejected') =>
  transaction(store, (database) =>
    writeOutcomes(
      database,
      attempt,
      [...mails].map((no) => ({ no, fate })),
    ),
  );
/** All who wait among these are mailed. @returns how many */
async function mail(ids: readonly string[], addressOf?: (profileId: string) => string): Promise<number> {
  const attempt = await openAttempt();
  const { claimed } = await claim(attempt, await waiting(ids, addressOf));
  await write(attempt, claimed, 'accepted');
  return claimed.size;
}
async function fates(): Promise<Readonly<Record<string, number>>> {
  const counts = await readMailCounts(store, jobId);
  return Object.fromEntries(Object.entries(counts).filter(([, mails]) => mails > 0));
}

test('attempts that race claim each stay once, also across lanes and signals told twice (real concurrency)', async () => {
  const ids = await people(200);
  await enter(ids);
  const [live, bulk] = [await openAttempt('live'), await openAttempt('bulk')];
  const claims = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      await hear(ids);
      const order = index % 2 === 0 ? ids : ids.toReversed();
      return claim(index % 3 === 0 ? live : bulk, await waiting(order));
    }),
  );
  const claimed = claims.flatMap((one) => [...one.claimed]);
  assert.equal(claimed.length, 200);
  assert.equal(new Set(claimed).size, 200);
  assert.deepEqual(await fates(), { claimed: 200 });
});

test('an attempt that was overtaken claims nothing; what it claimed is unknown until it answers after all', async () => {
  const [one = '', other = ''] = await people(2);
  await enter([one, other]);
  const old = await openAttempt();
  const { claimed } = await claim(old, await waiting([one]));
  const fresh = await openAttempt();
  assert.deepEqual(await fates(), { unknown: 1, waiting: 1 });
  await assert.rejects(claim(old, await waiting([other])), /Another attempt/);
  assert.equal((await claim(fresh, await waiting([one, other]))).claimed.size, 1);
  await write(fresh, claimed, 'rejected');
  assert.deepEqual(await fates(), { unknown: 1, claimed: 1 });
  await write(old, claimed, 'accepted');
  assert.deepEqual(await fates(), { accepted: 1, claimed: 1 });
  await settleClaims(store, jobId);
  assert.deepEqual(await fates(), { accepted: 1, unknown: 1 });
});

test('of a job that has ended nobody is claimed any more, and who waits goes on waiting', async () => {
  const [one = '', other = ''] = await people(2);
  await enter([one, other]);
  const attempt = await openAttempt();
  const mails = await waiting([one, other]);
  await setJobState(store, jobId, 'failed', '');
  await assert.rejects(claim(attempt, mails), { code: 'NOT_NOW', message: /The job has ended/ });
  assert.deepEqual(await fates(), { waiting: 2 });
  await setJobState(store, jobId, 'running', '');
  assert.equal((await claim(attempt, mails)).claimed.size, 2);
});

test('a job that ends has heard of all who entered until then; one that was started again is not ended', async () => {
  const [early = '', late = ''] = await people(2);
  await startRelaying(store, jobId);
  await change([early], 'enter');
  await enter([late]);
  await claim(await openAttempt(), await waiting([late]));
  const { revision } = (await positionOf(store, jobId)) ?? assert.fail();
  let ended = 0;
  const end = (id: string, of: string): Promise<void> =>
    endLostJob(store, { id, revision: of }, () => {
      ended += 1;
      return Promise.resolve();
    });
  await end(jobId, randomUUID());
  await end(jobId, revision);
  assert.equal(ended, 0);
  await setJobState(store, jobId, 'running', '');
  // A transaction that takes long hides from the relay what comes after it; the end waits for none.
  await transaction(store, async (other) => {
    await other.query('select pg_current_xact_id()');
    const [last = ''] = await people(1);
    await change([last], 'enter');
    await end(jobId, revision);
  });
  assert.deepEqual([ended, await positionOf(store, jobId)], [1, undefined]);
  assert.deepEqual(await fates(), { waiting: 2, unknown: 1 });
});

test('a stay is one mail: not two for entering again before the mail, none for leaving before it, one more for coming back', async () => {
  const [back = '', gone = ''] = await people(2);
  await enter([back, gone]);
  await change([back, gone], 'exit');
  await enter([back]);
  assert.equal(await mail([back, gone]), 1);
  assert.deepEqual(await fates(), { accepted: 1, left: 1 });
  await hear([back, gone]);
  assert.equal(await mail([back, gone]), 0);
  await change([back], 'exit');
  await enter([back, gone]);
  assert.equal(await mail([back, gone]), 2);
  assert.deepEqual(await fates(), { accepted: 3, left: 1 });
});

test('who leaves and enters again before the relay tells of it is mailed as of the stay of now', async () => {
  const [id = ''] = await people(1);
  await enter([id]);
  await change([id], 'exit');
  await change([id], 'enter');
  assert.equal(await mail([id]), 1);
  await hear([id]);
  assert.equal(await mail([id]), 0);
  assert.deepEqual(await fates(), { accepted: 1 });
});

test('who leaves between the reading and the claim is not mailed', async () => {
  const [id = ''] = await people(1);
  await enter([id]);
  const attempt = await openAttempt();
  const mails = await waiting([id]);
  await change([id], 'exit');
  assert.equal((await claim(attempt, mails)).claimed.size, 0);
  assert.deepEqual(await fates(), { left: 1 });
});

test('two profiles with one address get one mail, in one call or in two, until the one who was mailed comes back', async () => {
  const [one = '', other = '', third = ''] = await people(3);
  const shared = () => 'shared@example.com';
  await enter([one, other]);
  const attempt = await openAttempt();
  const mails = await waiting([one, other], shared);
  const { claimed, twins } = await claim(attempt, mails);
  assert.equal(claimed.size, 1);
  const mailed = mails.find(({ no }) => claimed.has(no))?.profileId ?? '';
  assert.deepEqual([...twins.values()], [...claimed]);
  await write(attempt, claimed, 'accepted');
  await enter([third]);
  assert.equal(await mail([one, other, third], shared), 0);
  assert.deepEqual(await fates(), { accepted: 1, 'same-address': 2 });
  await change([mailed], 'exit');
  await enter([mailed]);
  assert.equal(await mail([mailed], shared), 1);
});

test('one record of the list is one person, whatever the addresses', async () => {
  const ids = await people(2);
  await enter(ids);
  const attempt = await openAttempt();
  const mails = (await waiting(ids)).map((mail) => ({ ...mail, riid: '42' }));
  const { claimed, twins } = await claim(attempt, mails);
  assert.deepEqual([claimed.size, twins.size], [1, 1]);
  const [second] = mails.filter(({ no }) => twins.has(no));
  assert.ok(second !== undefined);
  await write(attempt, claimed, 'accepted');
  assert.equal((await claim(await openAttempt(), [second])).claimed.size, 0);
  assert.deepEqual(await fates(), { accepted: 1, 'same-address': 1 });
});

test('people who turn out to be one are mailed once, under whichever profile they were', async () => {
  const [stays = '', goes = '', fresh = '', first = ''] = await people(4);
  await enter([goes]);
  assert.equal(await mail([goes]), 1);
  await enter([stays]);
  await transaction(store, (database) => mergeProfiles(database, stays, goes));
  assert.equal(await mail([stays]), 0);
  // Merged before anything was sent: both stays wait, one is mailed.
  await enter([fresh]);
  await enter([first]);
  await transaction(store, (database) => mergeProfiles(database, fresh, first));
  assert.equal(await mail([fresh, first]), 1);
  // The one who came later was mailed, the one who came first waits still; or nobody heard of the first.
  const [early = '', late = '', unheard = '', heard = ''] = await people(4);
  await enter([early]);
  await enter([late]);
  assert.equal(await mail([late]), 1);
  await transaction(store, (database) => mergeProfiles(database, late, early));
  assert.equal(await mail([early, late]), 0);
  await change([unheard], 'enter');
  await enter([heard]);
  assert.equal(await mail([heard]), 1);
  await transaction(store, (database) => mergeProfiles(database, heard, unheard));
  await hear([heard]);
  assert.equal(await mail([heard]), 0);
  assert.deepEqual(await fates(), { accepted: 4, 'same-address': 3 });
});

test('of two who are one, the mail that went counts before one that was refused, and one that waits does too', async () => {
  const [refused = '', mailed = '', turned = '', waits = ''] = await people(4);
  await enter([refused, turned]);
  await enter([mailed, waits]);
  const attempt = await openAttempt();
  const { claimed } = await claim(attempt, await waiting([refused, turned]));
  await write(attempt, claimed, 'rejected');
  assert.equal(await mail([mailed]), 1);
  for (const [one, other] of [
    [refused, mailed],
    [turned, waits],
  ] as const)
    await transaction(store, (database) => mergeProfiles(database, one, other));
  // Nobody is rejected any more: each has the other's mail.
  assert.deepEqual(await fates(), { accepted: 1, waiting: 1, 'same-address': 2 });
  assert.equal(await mail([refused]), 0);
  assert.equal(await mail([turned]), 1);
});

test('a merge that is under way while a mail is claimed is waited for: what is triggered is what is written', async () => {
  const [early = '', late = ''] = await people(2);
  await change([early], 'enter');
  await enter([late]);
  const mails = await waiting([late]);
  const attempt = await openAttempt();
  const merging = Promise.withResolvers<undefined>();
  const merged = transaction(store, async (database) => {
    await mergeProfiles(database, early, late);
    merging.resolve(undefined);
    await wait(300);
  });
  await merging.promise;
  const { claimed } = await claim(attempt, mails);
  await merged;
  assert.equal(claimed.size, 1);
  await write(attempt, claimed, 'accepted');
  assert.deepEqual(await fates(), { accepted: 1 });
  // It is of the stay that lasts.
  await hear([early]);
  assert.equal(await mail([early]), 0);
});

test('a merge between the call and its answer leaves the answer where it belongs', async () => {
  const [early = '', late = ''] = await people(2);
  await change([early], 'enter');
  await enter([late]);
  const attempt = await openAttempt();
  const { claimed } = await claim(attempt, await waiting([late]));
  await transaction(store, (database) => mergeProfiles(database, early, late));
  await write(attempt, claimed, 'accepted');
  assert.deepEqual(await fates(), { accepted: 1 });
});

test('at most one mail in so many days, to the person and to the address', async () => {
  const [id = '', twin = ''] = await people(2);
  await enter([id]);
  assert.equal(await mail([id]), 1);
  await change([id], 'exit');
  await enter([id, twin]);
  const attempt = await openAttempt();
  const mails = await waiting([id, twin], () => `${id}@example.com`);
  assert.equal((await claim(attempt, mails, { oneMailInDays: 7 })).claimed.size, 0);
  assert.deepEqual(await fates(), { accepted: 1, 'too-soon': 2 });
  await store.query("update campaign_claims set claimed_at = now() - interval '8 days' where job_id = $1", [
    jobId,
  ]);
  await change([id], 'exit');
  await enter([id]);
  assert.equal((await claim(attempt, await waiting([id]), { oneMailInDays: 7 })).claimed.size, 1);
});

test('mails beyond the day’s number wait, and go when the day has room again', async () => {
  const ids = await people(5);
  await enter(ids);
  const attempt = await openAttempt();
  const first = await claim(attempt, await waiting(ids), { mailsADay: 3 });
  await write(attempt, first.claimed, 'accepted');
  assert.equal(first.claimed.size, 3);
  assert.ok(first.held !== undefined);
  assert.equal(first.held.nos.length, 2);
  const hoursAway = (first.held.untilMs - Date.now()) / 3_600_000;
  assert.ok(hoursAway > 23.9 && hoursAway <= 24, `${hoursAway} hours`);
  assert.equal((await claim(attempt, await waiting(ids), { mailsADay: 3 })).claimed.size, 0);
  await store.query("update campaign_claims set claimed_at = now() - interval '25 hours' where job_id = $1", [
    jobId,
  ]);
  assert.equal((await claim(attempt, await waiting(ids), { mailsADay: 3 })).claimed.size, 2);
});

test('a claim that was proved unsent is released; who entered again meanwhile waits once', async () => {
  const [id = '', other = ''] = await people(2);
  await enter([id, other]);
  const attempt = await openAttempt();
  const { claimed } = await claim(attempt, await waiting([id, other]));
  await change([id], 'exit');
  await enter([id]);
  await write(attempt, claimed, 'waiting');
  assert.deepEqual(await fates(), { waiting: 2, left: 1 });
  assert.equal(await mail([id, other]), 2);
});

test('a back-fill takes who is there and has no mail; a second takes nobody', async () => {
  const ids = await people(30);
  await change(ids, 'enter');
  await change(ids.slice(0, 5), 'exit');
  await hear(ids.slice(5, 8));
  assert.equal(await mail(ids.slice(5, 8)), 3);
  const scan = await beginBackfill(store, jobId);
  assert.equal(scan.total, 22);
  assert.equal((await beginBackfill(store, jobId)).id, scan.id);
  assert.equal(await mail(ids), 22);
  await endScan(store, scan.id, 'done');
  assert.equal((await beginBackfill(store, jobId)).total, 0);
  assert.deepEqual(await fates(), { accepted: 25 });
});

test('a job that begins anew is told of who entered, not of who waits for a back-fill; stopped, it forgets those', async () => {
  const ids = await people(9);
  const [entered = '', unheard = '', back = '', released = '', ...rest] = ids;
  await enter([entered]);
  await change(ids.slice(1), 'enter');
  const scan = await beginBackfill(store, jobId);
  assert.equal(scan.total, 9);
  // Their enters are told of after that, one as of a newer stay.
  await change([back], 'exit');
  await change([back], 'enter');
  await hear([unheard, back]);
  const bulk = await openAttempt('bulk');
  const { claimed } = await claim(bulk, await waiting([released, ...rest.slice(0, 2)]));
  await write(bulk, [...claimed].slice(0, 2), 'accepted');
  await write(bulk, [...claimed].slice(2), 'waiting');
  const told = async (): Promise<readonly string[]> => {
    await tellOfWaiting(store, jobId);
    const { rows } = await store.query<{ id: string }>(
      "delete from changes where job_id = $1 and change = 'again' returning profile_id as id",
      [jobId],
    );
    return rows.map(({ id }) => id).sort();
  };
  assert.deepEqual(await told(), [entered, unheard, back].sort());
  assert.deepEqual(await fates(), { waiting: 7, accepted: 2 });
  await endScan(store, scan.id, 'abandoned');
  await settleClaims(store, jobId);
  await forgetBackfill(store, jobId);
  assert.deepEqual(await fates(), { waiting: 3, accepted: 2 });
  assert.deepEqual(await told(), [entered, unheard, back].sort());
  assert.equal((await beginBackfill(store, jobId)).total, 7);
  assert.equal(await mail(ids), 7);
  assert.deepEqual(await fates(), { accepted: 9 });
});

test('once more are taken: the rejected, or those of unknown fate, where their stay lasts', async () => {
  const ids = await people(6);
  await enter(ids);
  const attempt = await openAttempt();
  const mails = await waiting(ids);
  const { claimed } = await claim(attempt, mails);
  await write(attempt, [...claimed].slice(0, 3), 'rejected');
  await settleClaims(store, jobId);
  assert.deepEqual(await fates(), { rejected: 3, unknown: 3 });
  const of = (no: number | undefined): string => mails.find((one) => one.no === no)?.profileId ?? '';
  await change([of([...claimed][0]), of([...claimed][5])], 'exit');
  const again = await beginMailRetry(store, jobId, undefined);
  assert.equal(again.total, 2);
  assert.equal(await mail(ids), 2);
  await endScan(store, again.id, 'done');
  assert.equal(await countUnknown(store, jobId), 2);
  assert.equal((await beginUnknown(store, jobId)).total, 2);
  assert.equal(await mail(ids), 2);
  assert.deepEqual(await fates(), { accepted: 4, rejected: 1, unknown: 1 });
});

const attempted = async (ids: readonly string[], addressOf?: (profileId: string) => string) => {
  const attempt = await openAttempt();
  return { attempt, ...(await claim(attempt, await waiting(ids, addressOf))) };
};
/** These are triggered, no answer comes, and a person has them triggered again: they wait. */
async function waitAgain(ids: readonly string[], addressOf?: (profileId: string) => string) {
  const { attempt, claimed } = await attempted(ids, addressOf);
  await settleClaims(store, jobId);
  const scan = await beginUnknown(store, jobId);
  await endScan(store, scan.id, 'done');
  return { attempt, claimed };
}
const sentTo = (email: string, atMs: number): MailEvent => ({
  campaignId: 'c1',
  riid: undefined,
  address: hashIdentity(hashKeys, { field: 'email', value: email }),
  atMs,
  reason: undefined,
});
const tellOfSent = (email: string, atMs: number) =>
  transaction(store, (database) => settleByEvents(database, 'sent', [sentTo(email, atMs)]));
const hoursAgo = (hours: number): number => Date.now() - hours * 3_600_000;
const claimedBefore = (hours: number) =>
  store.query(
    'update campaign_claims set claimed_at = claimed_at - make_interval(hours => $2) where job_id = $1',
    [jobId, hours],
  );

test('a mail that waits to be triggered again is spared where a file tells that the first went', async () => {
  const [id = '', other = ''] = await people(2);
  await enter([id, other]);
  await waitAgain([id, other]);
  await claimedBefore(1);
  assert.deepEqual(await fates(), { waiting: 2 });
  const read = await waiting([id, other]);
  await tellOfSent(`${id}@example.com`, hoursAgo(0.9));
  assert.deepEqual(await fates(), { accepted: 1, waiting: 1 });
  assert.equal((await claim(await openAttempt('bulk'), read)).claimed.size, 1);
});

test('a file tells of the first trigger of a mail when the second is under way, and whatever becomes of that', async () => {
  const ids = await people(3);
  const [id = '', lost = '', refused = ''] = ids;
  await enter(ids);
  await waitAgain(ids);
  await claimedBefore(1);
  const { attempt, claimed } = await attempted(ids);
  assert.equal(claimed.size, 3);
  await tellOfSent(`${id}@example.com`, hoursAgo(0.9));
  assert.deepEqual(await fates(), { accepted: 1, claimed: 2 });
  await write(attempt, claimed, 'rejected');
  // Of the others it is as open as before whether the first went: nobody has them retried as if none had.
  assert.deepEqual(await fates(), { accepted: 1, unknown: 2 });
  assert.equal((await beginMailRetry(store, jobId, undefined)).total, 0);
  for (const one of [lost, refused]) await tellOfSent(`${one}@example.com`, hoursAgo(0.9));
  assert.deepEqual(await fates(), { accepted: 3 });
});

test('the answer of a trigger that comes late spares its mail the second, or leaves it to that', async () => {
  const ids = await people(3);
  await enter(ids);
  const { attempt, claimed } = await waitAgain(ids);
  const [taken = 0, unsent = 0, refused = 0] = claimed;
  await write(attempt, [taken], 'accepted');
  await write(attempt, [unsent], 'waiting');
  await write(attempt, [refused], 'rejected');
  assert.deepEqual(await fates(), { accepted: 1, waiting: 2 });
  assert.equal(await mail(ids), 2);
  assert.deepEqual(await fates(), { accepted: 3 });
});

test('a late answer of the first trigger leaves the second alone, which is under way or of unknown fate', async () => {
  const ids = await people(4);
  await enter(ids);
  const first = await waitAgain(ids);
  await claimedBefore(1);
  const second = await attempted(ids);
  const [refused = 0, unsent = 0, both = 0] = first.claimed;
  await write(first.attempt, [refused], 'rejected');
  await write(first.attempt, [unsent], 'waiting');
  assert.deepEqual(await fates(), { claimed: 4 });
  await write(second.attempt, [unsent], 'waiting');
  await settleClaims(store, jobId);
  // Of one, nothing has gone by any trigger: it waits. Of another, nothing by the first, and the second is open.
  await write(first.attempt, [both], 'waiting');
  assert.deepEqual(await fates(), { waiting: 1, unknown: 3 });
  await write(second.attempt, [refused], 'rejected');
  assert.deepEqual(await fates(), { waiting: 1, unknown: 2, rejected: 1 });
});

test('a trigger that may have gone counts for its address, its days and the day, also when its mail waits again', async () => {
  const [id = '', twin = '', later = ''] = await people(3);
  const shared = () => 'shared@example.com';
  await enter([id]);
  await waitAgain([id], shared);
  await enter([twin]);
  assert.equal(await mail([twin], shared), 0);
  assert.deepEqual(await fates(), { waiting: 1, 'same-address': 1 });
  await enter([later]);
  const attempt = await openAttempt();
  assert.equal((await claim(attempt, await waiting([later]), { mailsADay: 1 })).claimed.size, 0);
  const both = await claim(attempt, await waiting([id], shared), { mailsADay: 2 });
  await write(attempt, both.claimed, 'accepted');
  assert.equal((await claim(attempt, await waiting([later]), { mailsADay: 2 })).claimed.size, 0);
  assert.equal((await claim(attempt, await waiting([later]), { mailsADay: 3 })).claimed.size, 1);
  const { again } = (await readOutcomeCells(store, jobId)).find(({ fate }) => fate === 'accepted') ?? {};
  assert.equal(again, 1);
});

test('who leaves before the second trigger is of unknown fate still; coming back is another mail, or too soon', async () => {
  const [id = '', other = ''] = await people(2);
  await enter([id, other]);
  await waitAgain([id, other]);
  await change([id, other], 'exit');
  await enter([id]);
  assert.deepEqual(await fates(), { waiting: 2, unknown: 1 });
  const attempt = await openAttempt();
  assert.equal((await claim(attempt, await waiting([id, other]), { oneMailInDays: 7 })).claimed.size, 0);
  assert.deepEqual(await fates(), { 'too-soon': 1, unknown: 2 });
  // What the first trigger is told of later is nothing of the second stay.
  await change([id], 'exit');
  await enter([id]);
  await claimedBefore(1);
  await tellOfSent(`${id}@example.com`, hoursAgo(0.9));
  assert.deepEqual(await fates(), { accepted: 1, 'too-soon': 1, unknown: 1, waiting: 1 });
  assert.equal(await mail([id]), 1);
});

test('coming back before anybody has heard of it is another mail as well, told by the log or by a back-fill', async () => {
  const [heard = '', filled = ''] = await people(2);
  await enter([heard, filled]);
  await waitAgain([heard, filled]);
  for (const how of ['exit', 'enter'] as const) await change([heard, filled], how);
  assert.equal(await mail([heard]), 0);
  assert.deepEqual(await fates(), { unknown: 1, waiting: 1 });
  await hear([heard]);
  assert.equal((await beginBackfill(store, jobId)).total, 2);
  assert.deepEqual(await fates(), { unknown: 2, waiting: 2 });
});

test('a job that stops triggers nothing again by itself when it starts: that takes a person’s word anew', async () => {
  const [id = '', refused = ''] = await people(2);
  await enter([id, refused]);
  const { attempt, claimed } = await attempted([refused]);
  await write(attempt, claimed, 'rejected');
  await waitAgain([id]);
  await endScan(store, (await beginMailRetry(store, jobId, undefined)).id, 'abandoned');
  assert.deepEqual(await fates(), { waiting: 2 });
  await settleClaims(store, jobId);
  await forgetBackfill(store, jobId);
  assert.deepEqual(await fates(), { waiting: 1, unknown: 1 });
});

test('a refused trigger that files tell of all the same is not made again, and counts', async () => {
  const [id = '', other = ''] = await people(2);
  await enter([id, other]);
  const { attempt, claimed } = await attempted([id, other]);
  await write(attempt, claimed, 'rejected');
  await claimedBefore(1);
  await tellOfSent(`${id}@example.com`, hoursAgo(0.9));
  assert.deepEqual(await fates(), { rejected: 2 });
  assert.equal((await beginMailRetry(store, jobId, undefined)).total, 1);
  await tellOfSent(`${other}@example.com`, hoursAgo(0.9));
  assert.deepEqual(await fates(), { rejected: 1, accepted: 1 });
  for (const how of ['exit', 'enter'] as const) await change([id], how);
  await hear([id]);
  const again = await openAttempt();
  assert.equal((await claim(again, await waiting([id]), { oneMailInDays: 7 })).claimed.size, 0);
  assert.deepEqual(await fates(), { rejected: 1, accepted: 1, 'too-soon': 1 });
});

test('people who turn out to be one while a mail waits again have it, and no other', async () => {
  const [mailed = '', again = ''] = await people(2);
  await enter([mailed, again]);
  await waitAgain([again]);
  assert.equal(await mail([mailed]), 1);
  await transaction(store, (database) => mergeProfiles(database, mailed, again));
  assert.deepEqual(await fates(), { accepted: 1, unknown: 1 });
  assert.equal(await countUnknown(store, jobId), 0);
});

test('of people who turn out to be one, the mail that waits again counts before one that waits', async () => {
  const [early = '', late = ''] = await people(2);
  await enter([early]);
  await enter([late]);
  await waitAgain([late]);
  await claimedBefore(1);
  await transaction(store, (database) => mergeProfiles(database, early, late));
  assert.deepEqual(await fates(), { waiting: 1, 'same-address': 1 });
  await tellOfSent(`${late}@example.com`, hoursAgo(0.9));
  assert.equal(await mail([early, late]), 0);
  assert.deepEqual(await fates(), { accepted: 1, 'same-address': 1 });
});

test('of people who turn out to be one, the mail that went counts before one of unknown fate', async () => {
  const [lost = '', mailed = '', under = '', way = ''] = await people(4);
  await enter([lost, under]);
  await attempted([lost]);
  await settleClaims(store, jobId);
  await enter([mailed, way]);
  assert.equal(await mail([mailed, way]), 2);
  const { attempt, claimed } = await attempted([under]);
  for (const [stays, goes] of [
    [lost, mailed],
    [under, way],
  ] as const)
    await transaction(store, (database) => mergeProfiles(database, stays, goes));
  // Nobody is asked about who is known to have been mailed.
  assert.equal(await countUnknown(store, jobId), 0);
  assert.deepEqual(await fates(), { accepted: 2, claimed: 1, unknown: 1 });
  await write(attempt, claimed, 'waiting');
  assert.equal(await mail([under, lost]), 0);
  assert.deepEqual(await fates(), { accepted: 2, unknown: 1, 'same-address': 1 });
});

test('who is told of by an id of before a merge waits for the second trigger as before', async () => {
  const [goes = '', stays = ''] = await people(2);
  await enter([goes]);
  await waitAgain([goes]);
  await transaction(store, (database) => mergeProfiles(database, stays, goes));
  await hear([goes]);
  assert.deepEqual(await fates(), { waiting: 1 });
  assert.equal(await mail([goes]), 1);
});

test('a file that tells of a mail while it is claimed again spares it, and its twin has its fate', async () => {
  const ids = await people(2);
  const shared = () => 'shared@example.com';
  await enter(ids);
  const { attempt, claimed } = await attempted(ids);
  await write(attempt, claimed, 'rejected');
  await claimedBefore(1);
  assert.equal((await beginMailRetry(store, jobId, undefined)).total, 2);
  const read = await waiting(ids, shared);
  const [first = ''] = read.map(({ profileId }) => profileId);
  const fresh = await openAttempt('bulk');
  const told = Promise.withResolvers<undefined>();
  const telling = transaction(store, async (database) => {
    await settleByEvents(database, 'sent', [sentTo(`${first}@example.com`, hoursAgo(0.9))]);
    told.resolve(undefined);
    await wait(300);
  });
  await told.promise;
  const { claimed: again, twins } = await claim(fresh, read);
  await telling;
  assert.deepEqual([again.size, twins.size], [0, 0]);
  assert.deepEqual(await fates(), { accepted: 1, 'same-address': 1 });
});
