/**
 * The steps of Export Audience: check the account and make its tables, scan the audience, send a batch, tell
 * how it stands. All of them may run again after a crash: merges are idempotent, and what a step has done is
 * known from the store.
 */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, cancellationSignal } from '@temporalio/activity';
import { ExpectedError } from '../jobs/errors.ts';
import type { ExportPlan, NewTable } from '../jobs/export-plan.ts';
import type { Responsys } from '../systems/responsys/index.ts';
import { audiencesById } from '../systems/store/audiences.ts';
import { logAgain, startRelaying, stopRelaying } from '../systems/store/changes.ts';
import { transaction } from '../systems/store/database.ts';
import type { Database, Pool } from '../systems/store/database.ts';
import { audiencesOfJob, findJob, savePlan, setJobState, setLastError } from '../systems/store/jobs.ts';
import type { Job, JobState } from '../systems/store/jobs.ts';
import { forgetMerged, readCounts, writeLedger } from '../systems/store/ledger.ts';
import type { Counts } from '../systems/store/ledger.ts';
import { changedSince, readMembersNow } from '../systems/store/members.ts';
import type { MemberNow } from '../systems/store/members.ts';
import { holdOffMerges } from '../systems/store/merging.ts';
import { holdRecords, readOldRecords, settleRecords, settleScan } from '../systems/store/records.ts';
import type { Lane } from '../systems/store/records.ts';
import {
  advanceScan,
  beginScan,
  endScan,
  findScan,
  latestScan,
  readScanPage,
} from '../systems/store/scans.ts';
import { readUserFields } from '../systems/store/user-fields.ts';
import { beating } from './beating.ts';
import type { Connections, Means } from './connections.ts';
import { consentFields } from './delivery/consent.ts';
import { deliver } from './delivery/deliver.ts';
import type { Delivery } from './delivery/deliver.ts';
import { planExport, sameName } from './export-planning.ts';
import type { Planning } from './export-planning.ts';
import { asFailure } from './failures.ts';

/** Members of one page of a scan: ten full requests. */
const scanPageMembers = 2_000;
/** Pages of a scan that are under way at once; they are written to the ledger in order. */
const scanPagesAtOnce = 2;

export interface Sent {
  /** Ids that the store does not know, or that never were in the audience. */
  readonly unknown: number;
  readonly counts: Counts;
}

export interface Progress {
  readonly counts: Counts;
  readonly scan: { readonly total: number; readonly done: number } | null;
  readonly lastError: string | null;
}

interface Delivered {
  readonly members: readonly MemberNow[];
  readonly delivery: Delivery;
}

export interface ExportActivities {
  checkConfiguration(jobId: string): Promise<void>;
  beginScan(jobId: string): Promise<{ readonly scanId: string; readonly total: number }>;
  scanAudience(jobId: string, scanId: string): Promise<void>;
  abandonScan(scanId: string): Promise<void>;
  sendBatch(jobId: string, members: readonly string[]): Promise<Sent>;
  readProgress(jobId: string): Promise<Progress>;
  recordState(jobId: string, state: JobState, reason: string): Promise<void>;
}

export function exportActivities(means: Means, connections: Connections): ExportActivities {
  const { store } = means;

  /** Runs a step; what went wrong is kept for `jobs show`, and crosses into the workflow as a code. */
  async function step<Result>(jobId: string, work: (job: Job) => Promise<Result>): Promise<Result> {
    try {
      return await beating(async () => work(await findJob(store, jobId)));
    } catch (error) {
      const failed = asFailure(error);
      if (failed !== error) {
        means.log.warn(
          { jobId, error: failed.message, cause: error instanceof Error ? error.name : '' },
          'step failed',
        );
        await setLastError(store, jobId, failed.message).catch(() => undefined);
      }
      throw failed;
    }
  }

  async function checkConfiguration(job: Job): Promise<void> {
    const { configuration } = job;
    const responsys = await connections.responsys(job.authorizationId);
    const planning = await planAgainstAccount(store, responsys, job);
    if (planning.faults.length > 0)
      throw new ExpectedError(
        'CONFIGURATION_REFUSED',
        planning.faults.map((fault) => `${fault}.`).join('\n'),
      );
    for (const table of planning.newTables) await makeTable(responsys, configuration.list, table);
    await savePlan(store, job.id, planning.plan);
    await startRelaying(store, job.id);
    await setJobState(store, job.id, 'running', '');
    await setLastError(store, job.id, null);
  }

  /** Sends members as they are now, and writes nothing yet. */
  async function deliverNow(job: Job, lane: Lane, profileIds: readonly string[]): Promise<Delivered> {
    const plan = planOf(job);
    const responsys = await connections.responsys(job.authorizationId);
    const known = await readMembersNow(store, askFor(plan, profileIds));
    const members = known.filter((member) => member.inSource !== undefined);
    const delivery = await deliver(
      responsys,
      plan,
      job.configuration,
      members,
      async (ids, records) => {
        await holdRecords(store, job.id, lane, records);
        return readOldRecords(store, job.id, ids, records);
      },
      cancellationSignal(),
    );
    return { members, delivery };
  }

  /**
   * Writes what came of a delivery, together with `alsoWrite`. Who has to be sent again is written to the
   * change log with it, so that a crash right after loses nobody.
   */
  async function writeDelivered(
    job: Job,
    lane: Lane,
    { members, delivery }: Delivered,
    alsoWrite?: (database: Database) => Promise<void>,
  ): Promise<void> {
    await transaction(store, async (database) => {
      await holdOffMerges(database);
      await alsoWrite?.(database);
      await writeLedger(database, job.id, randomUUID(), delivery.lines, delivery.requests);
      const { records, released } = delivery;
      await forgetMerged(
        database,
        job.id,
        members.map(({ profileId }) => profileId),
      );
      const again = await settleRecords(database, job.id, lane, records, released);
      const changed = await changedSince(database, members);
      await logAgain(database, job.id, [...new Set([...again, ...changed])]);
    });
  }

  async function scanPage(
    job: Job,
    scanId: string,
    from: number,
    to: number,
    before: Promise<unknown>,
  ): Promise<void> {
    const delivered = await deliverNow(job, 'scan', await readScanPage(store, scanId, from, to - from));
    await before;
    await writeDelivered(job, 'scan', delivered, async (database) => {
      if (!(await advanceScan(database, scanId, from, to)))
        throw new ExpectedError('NOT_NOW', 'Another attempt has taken this scan over.');
    });
  }

  /** Walks the pages, several at once; each is written after the one before it. */
  async function walk(job: Job, scanId: string): Promise<void> {
    const scan = await findScan(store, scanId);
    if (scan?.state !== 'running') return;
    const isToEnd = (): boolean => cancellationSignal().aborted || means.stopping.aborted;
    const underWay: Promise<void>[] = [];
    let last: Promise<void> = Promise.resolve();
    for (let from = scan.done; from < scan.total && !isToEnd(); from += scanPageMembers) {
      if (underWay.length >= scanPagesAtOnce) await underWay.shift();
      last = scanPage(job, scanId, from, Math.min(from + scanPageMembers, scan.total), last);
      // Awaited below; a page that fails while another is awaited is no unhandled rejection.
      last.catch(() => undefined);
      underWay.push(last);
    }
    await Promise.all(underWay);
    cancellationSignal().throwIfAborted();
    if (means.stopping.aborted)
      throw ApplicationFailure.create({
        type: 'WORKER_STOPS',
        message: 'This worker stops; another goes on from here.',
      });
  }

  return {
    checkConfiguration: (jobId) => step(jobId, checkConfiguration),
    beginScan: (jobId) =>
      step(jobId, async (job) => {
        const plan = planOf(job);
        const fields = [...plan.idMappings, ...(plan.fields?.columns ?? [])].map(({ field }) => field);
        // Nothing of an earlier scan is under way now.
        await settleScan(store, job.id);
        const scan = await beginScan(store, job.id, plan.sourceAudienceId, fields);
        return { scanId: scan.id, total: scan.total };
      }),
    scanAudience: (jobId, scanId) =>
      step(jobId, async (job) => {
        await walk(job, scanId);
        await endScan(store, scanId, 'done');
        await settleScan(store, jobId);
        await setLastError(store, jobId, null);
      }),
    abandonScan: (scanId) => endScan(store, scanId, 'abandoned'),
    sendBatch: (jobId, members) =>
      step(jobId, async (job) => {
        const delivered = await deliverNow(job, 'live', members);
        await writeDelivered(job, 'live', delivered);
        await setLastError(store, jobId, null);
        const known = delivered.members.reduce((sum, { asked }) => sum + asked, 0);
        return { unknown: members.length - known, counts: await readCounts(store, jobId) };
      }),
    readProgress: async (jobId) => {
      const [job, counts, scan] = await Promise.all([
        findJob(store, jobId),
        readCounts(store, jobId),
        latestScan(store, jobId),
      ]);
      return {
        counts,
        lastError: job.lastError,
        scan: scan === undefined ? null : { total: scan.total, done: scan.done },
      };
    },
    recordState: async (jobId, state, reason) => {
      await setJobState(store, jobId, state, reason);
      if (state === 'stopped' || state === 'failed') await stopRelaying(store, jobId);
    },
  };
}

function planOf(job: Job): ExportPlan {
  if (job.plan === null)
    throw new ExpectedError('NOT_NOW', 'The job has not been checked against the account yet.');
  return job.plan;
}

const askFor = (plan: ExportPlan, profileIds: readonly string[]): Parameters<typeof readMembersNow>[1] => ({
  profileIds,
  sourceAudienceId: plan.sourceAudienceId,
  audienceIds: plan.memberships?.columns.map(({ audienceId }) => audienceId) ?? [],
  fields: [
    ...new Set([
      ...plan.idMappings.map(({ field }) => field),
      ...(plan.fields?.columns.map(({ field }) => field) ?? []),
      ...consentFields,
    ]),
  ],
});

async function planAgainstAccount(store: Pool, responsys: Responsys, job: Job): Promise<Planning> {
  const { configuration } = job;
  const lists = await responsys.lists(cancellationSignal());
  const list = lists.find((one) => sameName(one.name, configuration.list));
  const tables = list === undefined ? [] : await responsys.extensionTables(list.name, cancellationSignal());
  const links = await audiencesOfJob(store, job.id);
  const audiences = await audiencesById(
    store,
    links.map(({ id }) => id),
  );
  const source = audiences.find(({ id }) => links.some((link) => link.isSource && link.id === id));
  if (source === undefined) throw new ExpectedError('NOT_FOUND', 'audience: the source audience is gone.');
  const exported = configuration.exportAudienceMemberships.flatMap((name) =>
    audiences.filter((audience) => audience.name === name),
  );
  return planExport(configuration, job.id, { lists, tables }, await readUserFields(store), source, exported);
}

/**
 * Makes a table. Whatever goes wrong, the account is asked whether the table is there now: an answer that
 * was lost, or another job that was faster, has done what was wanted.
 */
async function makeTable(responsys: Responsys, list: string, table: NewTable): Promise<void> {
  try {
    await responsys.createExtensionTable(list, table, cancellationSignal());
  } catch (error) {
    const tables = await responsys.extensionTables(list, cancellationSignal());
    const made = tables.find((one) => sameName(one.name, table.name));
    const has = (name: string): boolean => made?.fields.some((field) => sameName(field.name, name)) === true;
    if (!table.fields.every((field) => has(field.name))) throw error;
  }
}
