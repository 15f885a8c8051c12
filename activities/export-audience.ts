/**
 * The steps of Export Audience: check the account and make its tables, scan the audience, send a batch, tell
 * how it stands. All of them may run again after a crash: merges are idempotent, and what a step has done is
 * known from the store.
 */
import { randomUUID } from 'node:crypto';
import { cancellationDetails, cancellationSignal } from '@temporalio/activity';
import { ExpectedError } from '../jobs/errors.ts';
import type { ExportPlan } from '../jobs/export-plan.ts';
import type { Lane } from '../jobs/lane.ts';
import type { Reconfiguration, Retry } from '../jobs/messages.ts';
import { writeOwedRiids, writeRiids } from '../systems/store/answered-riids.ts';
import { audiencesById } from '../systems/store/audiences.ts';
import type { Audience } from '../systems/store/audiences.ts';
import { logAgain, startRelaying } from '../systems/store/changes.ts';
import { transaction } from '../systems/store/database.ts';
import type { Database, Pool } from '../systems/store/database.ts';
import { burnFuse } from '../systems/store/fuses.ts';
import { openHashKeys } from '../systems/store/identities.ts';
import type { HashKeys } from '../systems/store/identities.ts';
import { recordJobState } from '../systems/store/job-end.ts';
import { audiencesOfJob, findJob, savePlan, setJobState, setLastError } from '../systems/store/jobs.ts';
import type { Job, JobState } from '../systems/store/jobs.ts';
import { forgetMerged, groupFailures, readCounts, writeLedger } from '../systems/store/ledger.ts';
import type { Counts } from '../systems/store/ledger.ts';
import { changedSince, readMembersNow } from '../systems/store/members.ts';
import type { MemberNow } from '../systems/store/members.ts';
import { holdOffMerges } from '../systems/store/merging.ts';
import { holdOffNewPeople } from '../systems/store/profiles.ts';
import {
  holdRecords,
  readOldRecords,
  sendAgain,
  settleRecords,
  settleScan,
} from '../systems/store/records.ts';
import type { MemberRecord, Sender } from '../systems/store/records.ts';
import {
  advanceScan,
  beginRetry,
  beginScan,
  endScan,
  findScan,
  latestScan,
  readScanPage,
} from '../systems/store/scans.ts';
import type { Scan } from '../systems/store/scans.ts';
import { throttlingOf } from '../systems/store/throttling.ts';
import type { Throttling } from '../systems/store/throttling.ts';
import { planAgainstAccount } from './account-planning.ts';
import { answeredRiids } from './answered-riids.ts';
import { beating } from './beating.ts';
import type { Connections, Means } from './connections.ts';
import { askFor, scanPagesOf, scannedFields } from './delivery/asking.ts';
import { deliver } from './delivery/deliver.ts';
import type { Delivery } from './delivery/deliver.ts';
import { asFailure } from './failures.ts';
import { makeTable } from './make-table.ts';
import { endPatience, patientAttempts } from './patience.ts';
import { reconfigure } from './reconfigure.ts';
import type { Reconfigured } from './reconfigure.ts';
import { canaryInWords, tooManyRejected } from './rejections.ts';
import { runStep } from './step.ts';
import { walkPages } from './walk-pages.ts';

export interface Sent {
  /** Ids that the store does not know, or that never were in the audience. */
  readonly unknown: number;
  readonly counts: Counts;
  /** Why the job is to stop itself, in the reader's words; null where too few were rejected for that. */
  readonly tooManyRejected: string | null;
}

export interface Progress {
  readonly counts: Counts;
  readonly scan: { readonly total: number; readonly done: number } | null;
  readonly lastError: string | null;
  /** Absent in what was read before it was told. */
  readonly throttling?: readonly Throttling[];
}

interface Delivered {
  readonly sender: Sender;
  readonly members: readonly MemberNow[];
  readonly delivery: Delivery;
}

export interface ExportActivities {
  checkConfiguration(jobId: string): Promise<void>;
  reconfigure(jobId: string, change: Reconfiguration): Promise<Reconfigured>;
  beginScan(jobId: string): Promise<{ readonly scanId: string; readonly total: number }>;
  beginRetry(jobId: string, retry: Retry): Promise<{ readonly scanId: string; readonly total: number }>;
  /** @param upTo the position to stop at, before the end; null for none */
  scanAudience(jobId: string, scanId: string, upTo: number | null): Promise<void>;
  /** What became of the first members, in the reader's words. */
  readCanary(jobId: string): Promise<string>;
  /** @throws as long as Responsys does not serve this job */
  responsysServes(jobId: string): Promise<void>;
  abandonScan(scanId: string): Promise<void>;
  sendBatch(jobId: string, members: readonly string[]): Promise<Sent>;
  readProgress(jobId: string): Promise<Progress>;
  recordState(jobId: string, state: JobState, reason: string): Promise<void>;
}

/** @param pagesOf how a scan by a plan is cut into pages */
export function exportActivities(
  means: Means,
  connections: Connections,
  pagesOf = scanPagesOf,
): ExportActivities {
  const { store } = means;
  let opened: Promise<HashKeys> | undefined;
  const hashKeys = (): Promise<HashKeys> => (opened ??= openHashKeys(store, means.key));

  /** @param attempts after which a service that does not serve is no longer tried by the step itself */
  const step = <Result>(
    jobId: string,
    work: (job: Job) => Promise<Result>,
    attempts = Infinity,
  ): Promise<Result> =>
    runStep(
      means,
      jobId,
      async () => work(await findJob(store, jobId)),
      (error) => endPatience(asFailure(error), attempts),
    );

  async function checkConfiguration(job: Job): Promise<void> {
    const { configuration } = job;
    const responsys = await connections.responsys(job.authorizationId, { lane: 'live', jobId: job.id });
    const audiences = await audiencesOf(store, job);
    const asked = { jobId: job.id, configuration, ...audiences };
    const planning = await planAgainstAccount(store, responsys, asked, cancellationSignal());
    if (planning.faults.length > 0)
      throw new ExpectedError(
        'CONFIGURATION_REFUSED',
        planning.faults.map((fault) => `${fault}.`).join('\n'),
      );
    for (const table of planning.newTables)
      await makeTable(responsys, configuration.list, table, cancellationSignal());
    await savePlan(store, job.id, planning.plan);
    await writeOwedRiids(store, hashKeys, cancellationSignal());
    await startRelaying(store, job.id);
    await setJobState(store, job.id, 'running', '');
    await setLastError(store, job.id, null);
  }

  /** Sends members as they are now, then writes what came of it. */
  async function send<Written>(
    job: Job,
    lane: Lane,
    profileIds: readonly string[],
    write: (delivered: Delivered) => Promise<Written>,
  ): Promise<Written> {
    const sender = { lane, sendId: randomUUID() };
    const held: MemberRecord[] = [];
    try {
      return await write(await deliverNow(job, sender, profileIds, held));
    } catch (error) {
      if (isOvertaken(error))
        await transaction(store, (database) => sendAgain(database, job.id, sender, profileIds, held));
      throw error;
    }
  }

  /** @param held takes the records that were noted */
  async function deliverNow(
    job: Job,
    sender: Sender,
    profileIds: readonly string[],
    held: MemberRecord[],
  ): Promise<Delivered> {
    const plan = planOf(job);
    const responsys = await connections.responsys(job.authorizationId, { lane: sender.lane, jobId: job.id });
    const known = await readMembersNow(store, askFor(plan, profileIds));
    const members = known.filter((member) => member.inSource !== undefined);
    const delivery = await deliver(
      responsys,
      plan,
      job.configuration,
      members,
      async (ids, records) => {
        held.push(...records);
        await holdRecords(store, job.id, sender, records);
        return readOldRecords(store, job.id, sender.lane, ids, records);
      },
      cancellationSignal(),
    );
    return { sender, members, delivery };
  }

  /**
   * Writes what came of a delivery, together with `alsoWrite`. Who has to be sent again is written to the
   * change log with it, so that a crash right after loses nobody.
   * @param isRetry those who were rejected before are likely to be so again, and burn no fuse
   * @returns why the job is to stop itself, if too many were rejected
   */
  async function writeDelivered(
    job: Job,
    { sender, members, delivery }: Delivered,
    alsoWrite?: (database: Database) => Promise<void>,
    isRetry = false,
  ): Promise<Sent['tooManyRejected']> {
    const { accountId, riids } = await answeredRiids(store, hashKeys, job.authorizationId, delivery.lines);
    return transaction(store, async (database) => {
      if (riids.length > 0) await holdOffNewPeople(database);
      await holdOffMerges(database);
      await alsoWrite?.(database);
      await writeLedger(database, job.id, sender.sendId, delivery.lines, delivery.requests, accountId);
      const { records, released } = delivery;
      await forgetMerged(
        database,
        job.id,
        members.map(({ profileId }) => profileId),
      );
      const again = await settleRecords(database, job.id, sender, records, released);
      const changed = await changedSince(database, askFor(planOf(job), []), members);
      await logAgain(database, job.id, [...new Set([...again, ...changed])]);
      await writeRiids(database, riids);
      if (isRetry) return null;
      const rejected = delivery.lines.filter((line) => line.fate === 'rejected').length;
      const { stopWhenRejected } = job.configuration;
      const just = { sent: delivery.lines.length, rejected };
      const blown = await burnFuse(database, job.id, just, stopWhenRejected);
      return blown === undefined ? null : tooManyRejected(blown, stopWhenRejected);
    });
  }

  async function scanPage(
    job: Job,
    scan: Scan,
    from: number,
    to: number,
    before: Promise<unknown>,
  ): Promise<void> {
    const advance = async (database: Database): Promise<void> => {
      if (!(await advanceScan(database, scan.id, from, to)))
        throw new ExpectedError('NOT_NOW', 'Another attempt has taken this scan over.');
    };
    const members = await readScanPage(store, scan.id, from, to - from);
    const blown = await send(job, 'bulk', members, async (delivered) => {
      await before;
      return writeDelivered(job, delivered, advance, scan.kind === 'retry');
    });
    if (blown !== null) throw new ExpectedError('TOO_MANY_REJECTED', blown);
  }

  /** Walks the pages, several at once; each is written after the one before it. */
  async function walk(job: Job, scanId: string, upTo: number | null): Promise<void> {
    const scan = await findScan(store, scanId);
    if (scan?.state !== 'running') return;
    await settleScan(store, job.id);
    await walkPages(scan, { ...pagesOf(planOf(job)), upTo, stopping: means.stopping }, (from, to, before) =>
      scanPage(job, scan, from, to, before),
    );
  }

  return {
    checkConfiguration: (jobId) => step(jobId, checkConfiguration),
    // No `step`: a change that is refused is no trouble of the job, which goes on as it was.
    reconfigure: (jobId, change) =>
      beating(async () => {
        const job = await findJob(store, jobId);
        const connect = () => connections.responsys(job.authorizationId);
        return reconfigure(store, connect, job, change, cancellationSignal());
      }).catch((error: unknown) => {
        throw asFailure(error);
      }),
    beginScan: (jobId) =>
      step(jobId, async (job) => {
        const plan = planOf(job);
        const scan = await beginScan(store, job.id, plan.sourceAudienceId, scannedFields(plan));
        return { scanId: scan.id, total: scan.total };
      }),
    beginRetry: (jobId, { reason }) =>
      step(jobId, async () => {
        const scan = await beginRetry(store, jobId, reason);
        return { scanId: scan.id, total: scan.total };
      }),
    scanAudience: (jobId, scanId, upTo) =>
      step(
        jobId,
        async (job) => {
          await walk(job, scanId, upTo);
          if (upTo === null) {
            await endScan(store, scanId, 'done');
            await settleScan(store, jobId);
          }
          await setLastError(store, jobId, null);
        },
        patientAttempts,
      ),
    readCanary: async (jobId) =>
      canaryInWords(await readCounts(store, jobId), await groupFailures(store, jobId)),
    responsysServes: (jobId) =>
      step(jobId, async (job) => {
        const responsys = await connections.responsys(job.authorizationId, { lane: 'live', jobId });
        await responsys.user(cancellationSignal());
        await setLastError(store, jobId, null);
      }),
    abandonScan: (scanId) => endScan(store, scanId, 'abandoned'),
    sendBatch: (jobId, members) =>
      step(
        jobId,
        async (job) => {
          const { known, blown } = await send(job, 'live', members, async (delivered) => ({
            blown: await writeDelivered(job, delivered),
            known: delivered.members.reduce((sum, { asked }) => sum + asked, 0),
          }));
          await setLastError(store, jobId, null);
          return {
            unknown: members.length - known,
            counts: await readCounts(store, jobId),
            tooManyRejected: blown,
          };
        },
        patientAttempts,
      ),
    readProgress: async (jobId) => {
      const [job, counts, scan] = await Promise.all([
        findJob(store, jobId),
        readCounts(store, jobId),
        latestScan(store, jobId),
      ]);
      return {
        counts,
        lastError: job.lastError,
        throttling: await throttlingOf(store, job.authorizationId),
        scan: scan === undefined ? null : { total: scan.total, done: scan.done },
      };
    },
    recordState: (jobId, state, reason) => recordJobState(store, jobId, state, reason),
  };
}

/**
 * Whether another attempt at this step may already have sent, and this one's requests may have come after:
 * Temporal gave it up, as it does where no beat arrived in time, or the scan has moved on without it.
 */
function isOvertaken(error: unknown): boolean {
  if (error instanceof ExpectedError && error.code === 'NOT_NOW') return true;
  const given = cancellationDetails();
  return given !== undefined && (given.notFound || given.timedOut || given.reset);
}

function planOf(job: Job): ExportPlan {
  if (job.plan === null)
    throw new ExpectedError('NOT_NOW', 'The job has not been checked against the account yet.');
  return job.plan;
}

/** The audiences that the job was started with, whatever they are called now. */
async function audiencesOf(
  store: Pool,
  job: Job,
): Promise<{ readonly source: Audience; readonly exported: readonly Audience[] }> {
  const links = await audiencesOfJob(store, job.id);
  const audiences = await audiencesById(
    store,
    links.map(({ id }) => id),
  );
  const source = audiences.find(({ id }) => links.some((link) => link.isSource && link.id === id));
  if (source === undefined) throw new ExpectedError('NOT_FOUND', 'audience: the source audience is gone.');
  const exported = job.configuration.exportAudienceMemberships.flatMap((name) =>
    audiences.filter((audience) => audience.name === name),
  );
  return { source, exported };
}
