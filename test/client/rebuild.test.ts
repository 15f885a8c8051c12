/**
 * `jobs rebuild` and `jobs files --redo` by the command line, with a worker that is killed meanwhile: nothing is
 * lost, nothing counts twice.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { unlessMissing } from '../harness/programs.ts';
import { openEventFolder } from './event-folder.ts';
import type { EventFolder } from './event-folder.ts';

const people = 200;
const rows = 60_000;
const header = 'RIID|EVENT_CAPTURED_DT|CAMPAIGN_ID|LAUNCH_ID|OFFER_NAME';
const click = (riid: number, at: number): string => {
  const time = new Date(Date.UTC(2026, 0, 31) + at * 1000).toISOString().slice(11, 19);
  return `${riid}|31-Jan-2026 ${time}|900|901|offer ${at % 7}`;
};
const clicks = (from: number, count: number): string =>
  [header, ...Array.from({ length: count }, (_, at) => click(1 + (at % people), from + at))]
    .map((line) => `${line}\n`)
    .join('');
const own = `SELECT riid AS rs_user_id, count(event) AS clicks, set(offer_name) AS rs_offers CAPACITY 3
  FROM responsys_events INTO user BY rs_user_id ALIAS own`;

describe('Profiles built anew', unlessMissing('sshd', 'ssh-keygen', 'gpg'), () => {
  let folder: EventFolder;
  before(async () => {
    folder = await openEventFolder();
    await folder.authorize('Files');
  });
  after(() => folder.close());

  const large = '1_CLICK_20260131_000000.txt';
  const small = '1_CLICK_20260131_200000.txt';
  let id: string;
  const profiles = async (): Promise<readonly unknown[]> =>
    (
      await folder.store.query<{ fields: object }>(
        "select fields from profiles order by (fields ->> 'rs_user_id')::int",
      )
    ).rows.map(({ fields }) => fields);
  const untilRunning = async (): Promise<void> => {
    for (let look = 0; look < 600; look++) {
      const { rows: found } = await folder.store.query(
        "select 1 from rebuilds where state not in ('done', 'abandoned')",
      );
      if (found.length > 0) return;
      await wait(50);
    }
    assert.fail('no rebuild began');
  };
  const isDone = (files: Awaited<ReturnType<EventFolder['files']>>): boolean =>
    files.length === 2 && files.every(({ state }) => state === 'done');

  test('a changed mapping, by a worker that is killed', async () => {
    folder.put(large, clicks(0, rows));
    folder.put(small, clicks(rows, 400));
    id = await folder.start('Files');
    await folder.filesAre(id, isDone);
    await folder.product.json('jobs', 'stop', id);
    const file = folder.product.write(
      'changed.yaml',
      JSON.stringify({
        ...{ job: 'import-activity', authorization: 'Files', label: 'From Files', customDelimiter: '|' },
        ...{ interval: '1s', stableFor: '1s', mapping: folder.product.write('own.lql', own) },
      }),
    );
    await folder.product.json('jobs', 'apply', file, '--yes');
    const rebuilt = folder.product.json('jobs', 'rebuild', id);
    await untilRunning();
    await folder.product.killWorker();
    assert.deepEqual(await rebuilt, { job: id, built: people, changed: people });
    assert.deepEqual(
      await profiles(),
      Array.from({ length: people }, (_, at) => ({
        rs_user_id: String(at + 1),
        clicks: (rows + 400) / people,
        rs_offers: ['offer 0', 'offer 1', 'offer 2'],
      })),
    );
    assert.deepEqual(await folder.product.json('jobs', 'rebuild', id), {
      job: id,
      built: people,
      changed: 0,
    });
  });

  test('a file is taken back and imported again, by a worker that is killed', async () => {
    const before = [await profiles(), await folder.files(id)];
    const redone = folder.product.json('jobs', 'files', id, '--redo', large);
    await untilRunning();
    await folder.product.killWorker();
    assert.deepEqual(await redone, { job: id, file: large, built: people, changed: people });
    await folder.filesAre(id, isDone);
    assert.deepEqual([await profiles(), await folder.files(id)], before);
  });

  test('a file that is gone, or never was, is told before anything is changed', async () => {
    rmSync(join(folder.home, small));
    const said = async (file: string): Promise<string> => {
      const { code, err } = await folder.product.run('jobs', 'files', id, '--redo', file);
      return `${code} ${err.trim()}`;
    };
    assert.match(
      await said(small),
      /^5 NOT_FOUND {2}--redo: "1_CLICK.*" is no longer in .*; put it back there first/,
    );
    assert.match(
      await said('nosuch.txt'),
      /^5 NOT_FOUND {2}--redo: the job has no file called "nosuch\.txt"/,
    );
    const { rows: left } = await folder.store.query<{ events: number }>(
      'select count(*)::int as events from responsys_events',
    );
    assert.equal(left[0]?.events, rows + 400);
  });
});
