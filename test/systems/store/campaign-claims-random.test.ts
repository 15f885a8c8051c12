/**
 * Claims under anything that may happen, in any order: people enter, leave and turn out to be one, attempts are
 * overtaken, answers are lost or late, files tell of mails, somebody has mails triggered again, the job stops.
 * After each step the ledger is held against what really went. `SEED=…` repeats a run that failed.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { changeMembership } from '../../../systems/store/audiences.ts';
import {
  claimMails,
  readWaiting,
  settleClaims,
  takeLane,
  writeOutcomes,
} from '../../../systems/store/campaign-claims.ts';
import type { Attempt } from '../../../systems/store/campaign-claims.ts';
import { hearStays, lockMails } from '../../../systems/store/campaign-entries.ts';
import { settleByEvents } from '../../../systems/store/campaign-outcomes.ts';
import {
  beginBackfill,
  beginMailRetry,
  beginUnknown,
  forgetBackfill,
} from '../../../systems/store/campaign-walks.ts';
import { transaction } from '../../../systems/store/database.ts';
import type { Pool } from '../../../systems/store/database.ts';
import { hashIdentity, openHashKeys } from '../../../systems/store/identities.ts';
import type { HashKeys } from '../../../systems/store/identities.ts';
import { mergeProfiles } from '../../../systems/store/merging.ts';
import { endScan } from '../../../systems/store/scans.ts';
import type { Scan } from '../../../systems/store/scans.ts';
import { keyFrom } from '../../../systems/store/secrets.ts';
import { randomFrom } from '../../fire/random.ts';
import { openTestStore } from '../../harness/store.ts';
import type { TestStore } from '../../harness/store.ts';
import { addBareCampaign, addPeople } from './campaign-job.ts';

let opened: TestStore;
let store: Pool;
let hashKeys: HashKeys;
before(async () => {
  opened = await openTestStore();
  ({ store } = opened);
  hashKeys = await openHashKeys(store, keyFrom(Buffer.alloc(32, 7).toString('base64')));
});
after(() => opened.close());

/** A call as it really went, whoever knows of it. */
interface Trigger {
  readonly no: number;
  readonly attempt: Attempt;
  readonly address: string;
  /** By the clock of the test, on which an hour passes between any two steps. */
  readonly atHour: number;
  readonly really: 'went' | 'refused' | 'unsent';
  isAnswered: boolean;
  /** Whether the store was told. */
  isKnown: boolean;
}

const steps = 150;
const seeds = process.env['SEED'] === undefined ? [1, 2, 3, 4, 5, 6] : [Number(process.env['SEED'])];

for (const seed of seeds)
  test(`whatever happens, nobody is mailed again who is known to have been, and no mail that may have gone is taken for one that did not (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    const { jobId, audienceId } = await addBareCampaign(store, `r${randomUUID().slice(0, 8)}`);
    const people = [...(await addPeople(store, 12))];
    const triggers: Trigger[] = [];
    /** How often a person had this mail triggered again. */
    const agreed = new Map<number, number>();
    const unheard: string[] = [];
    let stays = 0;
    let hour = 0;
    const some = (): string[] => people.filter(() => random.chance(0.3));
    const addressOf = (id: string): string => `${id}@example.com`;
    const fatesOf = async (): Promise<ReadonlyMap<number, string>> => {
      const { rows } = await store.query<{ no: number; fate: string }>(
        'select no, fate from campaign_mails where job_id = $1',
        [jobId],
      );
      return new Map(rows.map(({ no, fate }) => [no, fate]));
    };
    /** Walks are over at once: what they took waits, for whoever claims it. */
    const walk = async (begin: () => Promise<Scan>): Promise<void> => {
      const before = await fatesOf();
      const scan = await begin();
      if (scan.kind === 'unknown')
        for (const [no, fate] of await fatesOf())
          if (fate === 'waiting' && before.get(no) === 'unknown') agreed.set(no, (agreed.get(no) ?? 0) + 1);
      await endScan(store, scan.id, 'done');
    };

    async function call(): Promise<void> {
      const attempt: Attempt = { jobId, lane: random.chance(0.5) ? 'live' : 'bulk', attemptId: randomUUID() };
      await takeLane(store, attempt);
      const read = await transaction(store, (database) => readWaiting(database, jobId, some()));
      // Two profiles that are merged later may have had one address.
      const mails = read.map((mail) => ({
        ...mail,
        address: hashIdentity(hashKeys, { field: 'email', value: addressOf(mail.profileId) }),
      }));
      if (random.chance(0.2)) await store.query('select 1');
      const bounds = random.chance(0.2) ? { oneMailInDays: 1 } : {};
      const { claimed } = await claimMails(store, attempt, 'c1', mails, bounds);
      for (const { no, profileId } of mails.filter((mail) => claimed.has(mail.no))) {
        const known = triggers.filter((one) => one.no === no && one.isKnown && one.really === 'went');
        assert.equal(known.length, 0, `mail ${no} is triggered although it is known to have gone`);
        const really = random.of(['went', 'went', 'refused', 'unsent'] as const) ?? 'went';
        const address = addressOf(profileId);
        triggers.push({ no, attempt, address, atHour: hour, really, isAnswered: false, isKnown: false });
      }
    }
    async function answer(): Promise<void> {
      const open = triggers.filter(({ isAnswered }) => !isAnswered);
      const of = random.of(open)?.attempt;
      const told = open.filter(({ attempt }) => attempt === of);
      if (of === undefined) return;
      for (const one of told) one.isAnswered = true;
      if (random.chance(0.4)) return; // It never came.
      await transaction(store, async (database) => {
        await lockMails(database, jobId);
        await writeOutcomes(
          database,
          of,
          told.map(({ no, really }) => ({
            no,
            fate: really === 'went' ? 'accepted' : really === 'refused' ? 'rejected' : 'waiting',
          })),
        );
      });
      for (const one of told) one.isKnown = true;
    }
    async function file(): Promise<void> {
      const gone = random.of(triggers.filter(({ really, isKnown }) => really === 'went' && !isKnown));
      if (gone === undefined) return;
      const { address: email, atHour } = gone;
      const address = hashIdentity(hashKeys, { field: 'email', value: email });
      const atMs = Date.now() - (hour - atHour) * 3_600_000 + 1_000;
      await transaction(store, (database) =>
        settleByEvents(database, 'sent', [
          { campaignId: 'c1', riid: undefined, address, atMs, reason: undefined },
        ]),
      );
      gone.isKnown = true;
    }
    async function change(): Promise<void> {
      for (const id of some()) {
        const { rows } = await store.query(
          'select 1 from audience_members where audience_id = $1 and profile_id = $2 and is_member',
          [audienceId, id],
        );
        if (rows.length === 0) stays += 1;
        const how = rows.length === 0 ? 'enter' : 'exit';
        await transaction(store, (database) => changeMembership(database, audienceId, [id], how));
        if (how === 'enter') unheard.push(id);
      }
    }
    async function hear(): Promise<void> {
      const entries = unheard.splice(0).map((profileId) => ({ audienceId, profileId }));
      await transaction(store, (database) => hearStays(database, jobId, entries));
    }
    async function merge(): Promise<void> {
      if (people.length < 5) return;
      const goes = people.splice(random.below(people.length), 1)[0] ?? '';
      const remains = random.of(people) ?? '';
      await transaction(store, (database) => mergeProfiles(database, remains, goes));
    }
    async function stop(): Promise<void> {
      await settleClaims(store, jobId);
      await forgetBackfill(store, jobId);
    }

    async function judge(): Promise<void> {
      const { rows: wrong } = await store.query(
        `select no, fate, answers from campaign_mails
           left join lateral (select coalesce(array_agg(answer order by claimed_at), '{}') as answers
                                from campaign_claims where mail_no = no) as claims on true
          where job_id = $1
            and not case fate
              when 'accepted' then 'taken' = any(answers)
              when 'claimed' then 'awaited' = any(answers) and not 'taken' = any(answers)
              when 'unknown' then 'none' = any(answers) and not answers && '{awaited,taken}'
              when 'waiting' then not answers && '{awaited,taken}'
              else not answers && '{awaited,taken,none}' end`,
        [jobId],
      );
      assert.deepEqual(wrong, [], 'fates that their claims do not bear out');
      const fates = await fatesOf();
      for (const { no, really, isKnown } of triggers) {
        const fate = fates.get(no) ?? 'gone';
        if (really === 'went' && isKnown) assert.equal(fate, 'accepted', `mail ${no} is known to have gone`);
        if (really === 'went')
          assert.ok(
            ['accepted', 'claimed', 'unknown', 'waiting'].includes(fate),
            `mail ${no} went, and is called ${fate}`,
          );
      }
      for (const no of new Set(triggers.map((one) => one.no))) {
        const went = triggers.filter((one) => one.no === no && one.really === 'went').length;
        assert.ok(went <= 1 + (agreed.get(no) ?? 0), `mail ${no} went ${went} times`);
      }
      const all = triggers.filter(({ really }) => really === 'went').length;
      const most = stays + [...agreed.values()].reduce((sum, times) => sum + times, 0);
      assert.ok(all <= most, `${all} mails of ${most} that there may be`);
    }

    const deeds = [
      ...[change, change, hear, hear, call, call, call, answer, answer, file, merge, stop],
      () => walk(() => beginBackfill(store, jobId)),
      () => walk(() => beginMailRetry(store, jobId, undefined)),
      () => walk(() => beginUnknown(store, jobId)),
      () => walk(() => beginUnknown(store, jobId)),
    ];
    for (let step = 0; step < steps; step++) {
      await random.of(deeds)?.();
      await judge();
      await store.query(
        "update campaign_claims set claimed_at = claimed_at - interval '1 hour' where job_id = $1",
        [jobId],
      );
      hour += 1;
    }
    // In the end everybody who is there has a mail of that stay.
    await hear();
    const { rows: missing } = await store.query(
      `select profile_id from audience_members as members where audience_id = $1 and is_member
          and not exists (select 1 from campaign_mails as mails where job_id = $2 and mails.stay_id = members.stay_id)`,
      [audienceId, jobId],
    );
    assert.deepEqual(missing, []);
  });
