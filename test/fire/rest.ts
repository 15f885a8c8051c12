/**
 * The end of a run under fire: the moment at which all is quiet, and what the sandbox holds then.
 */
import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { exportAudienceWorkflowId } from '../../jobs/job-id.ts';
import { statusQuery } from '../../jobs/messages.ts';
import type { Pool } from '../../systems/store/database.ts';
import { findJob } from '../../systems/store/jobs.ts';
import type { TestSandbox } from '../harness/sandbox.ts';
import type { Held, Row } from './verdict.ts';

/** Nothing is queued, under way, or in the log unread; twice in a row, since all of these are looked at in turn. */
export async function untilQuiet(
  store: Pool,
  temporal: Client,
  jobId: string,
  quietWithinMs: number,
): Promise<void> {
  const handle = temporal.workflow.getHandle(exportAudienceWorkflowId(jobId));
  const isQuiet = async (): Promise<boolean> => {
    const { rows } = await store.query<{ unread: boolean }>(
      `select exists (select 1 from changes, relay_positions as read
                       where job_id_of.id = read.job_id and (changes.tx, changes.no) > (read.tx, read.no)) as unread
         from (select $1::text as id) as job_id_of`,
      [jobId],
    );
    const { rows: scans } = await store.query("select 1 from scans where state <> 'running'");
    if (rows[0]?.unread !== false || scans.length === 0) return false;
    const status = await handle.query(statusQuery);
    // While Responsys does not serve, a job waits, and goes on by itself; what waits for a person would stay.
    const goesOn = ['running', 'checking', 'waiting'].includes(status.state);
    assert.ok(goesOn, `${status.state}: ${status.reason}`);
    if (status.state === 'waiting') return false;
    const { raw } = await handle.describe();
    return !status.scanning && status.queued === 0 && (raw.pendingActivities?.length ?? 0) === 0;
  };
  const until = Date.now() + quietWithinMs;
  for (let quiet = 0; quiet < 2;) {
    if (Date.now() > until) {
      const status = await handle.query(statusQuery).catch(String);
      const { lastError } = await findJob(store, jobId);
      throw new Error(`it did not come to rest: ${JSON.stringify({ status, lastError })}`);
    }
    const now = await isQuiet().catch((error: unknown) => {
      if (error instanceof assert.AssertionError) throw error;
      return false;
    });
    quiet = now ? quiet + 1 : 0;
    await wait(quiet > 0 ? 700 : 300);
  }
}

/** Of a list and its tables `M…` of memberships and `F…` of fields. */
export const heldBy = async (sandbox: TestSandbox, list: string): Promise<Held> => ({
  list: await rowsOf(sandbox, `lists/${list}`),
  memberships: await rowsOf(sandbox, `tables/${list}/M${list}`),
  fields: await rowsOf(sandbox, `tables/${list}/F${list}`),
});

async function rowsOf(sandbox: TestSandbox, path: string): Promise<readonly Row[]> {
  const response = await fetch(`${sandbox.login}/_sandbox/${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}
