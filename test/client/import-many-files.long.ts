/** A folder in which ten thousand files lie costs a look one listing, and no more than that beside ten files. */
import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { importActivityWorkflowId } from '../../jobs/job-id.ts';
import { unlessMissing } from '../harness/programs.ts';
import { openEventFolder } from './event-folder.ts';
import type { EventFolder } from './event-folder.ts';

const fresh = 10;
const file = (riid: number): string =>
  `RIID|EVENT_CAPTURED_DT|OFFER_URL\n${riid}|31-Jan-2026 19:00:00|http://shop.example/\n`;

interface Imported {
  /** How often each step is in the history; `all`: its events. */
  readonly steps: Readonly<Record<string, number>>;
  /** How often each kind of request came to the server. */
  readonly requests: Readonly<Record<string, number>>;
}

describe('Many files', unlessMissing('sshd', 'ssh-keygen', 'gpg'), () => {
  let folder: EventFolder;
  before(async () => {
    folder = await openEventFolder({ logsRequests: true });
    await folder.authorize('Files');
  });
  after(() => folder.close());

  /** Imports ten new files beside so many that are done: the job's history, and what the server was asked for. */
  async function importBeside(done: number, account: number): Promise<Imported> {
    const place = `account-${account}`;
    mkdirSync(join(folder.home, place));
    const job = { label: place, folder: place, interval: '1h', parallelFiles: 1 };
    const id = await folder.start('Files', job);
    await folder.product.json('jobs', 'pause', id);
    const nameOf = (at: number): string => `${account}_CLICK_20260131_${String(at).padStart(6, '0')}.txt`;
    const stored = Array.from({ length: done }, (_, at) => {
      folder.put(join(place, nameOf(at)), file(at));
      const { size, mtimeMs } = statSync(join(folder.home, place, nameOf(at)));
      // A listing has whole seconds.
      return { path: nameOf(at), size, seconds: Math.floor(mtimeMs / 1000) };
    });
    await folder.store.query(
      `insert into event_files (job_id, path, size_bytes, modified_at, account_id, event_type, stamp, state)
       select $1, path, size, to_timestamp(seconds), $2, 'CLICK', '20260131', 'done'
         from jsonb_to_recordset($3) as stored (path text, size bigint, seconds bigint)`,
      [id, String(account), JSON.stringify(stored)],
    );
    for (let at = done; at < done + fresh; at++) {
      folder.put(join(place, nameOf(at)), file(at));
      folder.put(join(place, nameOf(at).replace('.txt', '.ready')), '');
    }
    const askedBefore = folder.server.requests().length;
    await folder.product.json('jobs', 'resume', id);
    const files = await folder.filesAre(
      id,
      (all) => all.length >= done + fresh && all.every(({ state }) => state === 'done'),
    );
    assert.equal(files.length, done + fresh, 'what was done is not found again');
    assert.equal(
      files.reduce((sum, { events }) => sum + events, 0),
      fresh,
    );
    await folder.product.json('jobs', 'stop', id);
    const handle = folder.product.temporal.workflow.getHandle(importActivityWorkflowId(id));
    await handle.result();
    const events = (await handle.fetchHistory()).events ?? [];
    const counts: Record<string, number> = { all: events.length };
    for (const { activityTaskScheduledEventAttributes: scheduled } of events) {
      const name = scheduled?.activityType?.name;
      if (name != null) counts[name] = (counts[name] ?? 0) + 1;
    }
    return { steps: counts, requests: counted(folder.server.requests().slice(askedBefore)) };
  }

  test('10,000 of which 9,990 are done: one listing, as many steps as ten take, and no longer a history', async (t) => {
    const few = await importBeside(0, 1);
    const many = await importBeside(9_990, 2);
    const { all: fewEvents = 0, ...fewSteps } = few.steps;
    const { all: manyEvents = 0, ...manySteps } = many.steps;
    t.diagnostic(`${fewEvents} events beside none, ${manyEvents} beside 9,990`);
    t.diagnostic(`requests: ${JSON.stringify(few.requests)} and ${JSON.stringify(many.requests)}`);
    assert.deepEqual(manySteps, fewSteps);
    assert.equal(manySteps['importFile'], fresh);
    // How workflow tasks fall together depends on time.
    assert.ok(manyEvents <= fewEvents + 15, `${manyEvents} events, with ten files ${fewEvents}`);

    // As OpenSSH counts them: a hundred names an answer, and one that says that there are no more.
    const answers = (files: number): number => Math.ceil((files + 2) / 100) + 1;
    const { readdir: fewAnswers, ...fewRequests } = few.requests;
    const { readdir: manyAnswers, ...manyRequests } = many.requests;
    assert.equal(manyRequests['opendir'], 1);
    assert.equal(fewAnswers, answers(2 * fresh));
    assert.equal(manyAnswers, answers(9_990 + 2 * fresh));
    assert.equal(manyRequests['open'], fresh);
    assert.deepEqual(manyRequests, fewRequests, 'of files that are done nothing is asked');
  });
});

/** Requests by their first word. */
function counted(requests: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const request of requests) {
    const [kind = ''] = request.split(' ');
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
