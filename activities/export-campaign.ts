/**
 * The steps of Export Audiences to Campaign: check the account, mail those who entered, walk those who were
 * there, tell how it stands. All of them may run again after a crash: a mail is triggered only by who has
 * claimed its stay, once.
 */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, cancellationSignal } from '@temporalio/activity';
import type { CampaignPlan } from '../jobs/campaign-plan.ts';
import { ExpectedError } from '../jobs/errors.ts';
import type { ErrorCode } from '../jobs/errors.ts';
import type { ExportCampaignConfiguration } from '../jobs/export-campaign.ts';
import type { Lane } from '../jobs/lane.ts';
import type { Reconfiguration, Retry } from '../jobs/messages.ts';
import { writeOwedRiids } from '../systems/store/answered-riids.ts';
import { audiencesById } from '../systems/store/audiences.ts';
import { takeLane } from '../systems/store/campaign-claims.ts';
import { groupMailFailures, readMailCounts } from '../systems/store/campaign-counts.ts';
import type { MailCounts } from '../systems/store/campaign-counts.ts';
import { countUnheard, tellOfWaiting } from '../systems/store/campaign-entries.ts';
import { findCampaignJob, saveCampaignPlan } from '../systems/store/campaign-jobs.ts';
import type { CampaignJob } from '../systems/store/campaign-jobs.ts';
import { beginBackfill, beginMailRetry, beginUnknown } from '../systems/store/campaign-walks.ts';
import { startRelaying } from '../systems/store/changes.ts';
import { openHashKeys } from '../systems/store/identities.ts';
import type { HashKeys } from '../systems/store/identities.ts';
import { recordJobState } from '../systems/store/job-end.ts';
import { audiencesOfJob, setJobState, setLastError } from '../systems/store/jobs.ts';
import type { JobState } from '../systems/store/jobs.ts';
import { advanceScan, endScan, findScan, latestScan, readScanPage } from '../systems/store/scans.ts';
import { throttlingOf } from '../systems/store/throttling.ts';
import type { Throttling } from '../systems/store/throttling.ts';
import { beating } from './beating.ts';
import { settleCampaign } from './campaign-account.ts';
import type { Connections, Means } from './connections.ts';
import { asFailure, workerStops } from './failures.ts';
import { mailMembers } from './mailing/mail-members.ts';
import type { Mailed } from './mailing/mail-members.ts';
import { endPatience, patientAttempts } from './patience.ts';
import { reconfigureCampaign } from './reconfigure-campaign.ts';
import type { Reconfigured } from './reconfigure.ts';
import { mailCanaryInWords } from './rejections.ts';
import { runStep } from './step.ts';
import { walkPages } from './walk-pages.ts';

/** Pages of a walk that are under way at once: each waits for three calls, one after the other. */
const pagesAtOnce = 4;

export interface CampaignSent {
  /** Ids of whom the job has never heard. */
  readonly unknown: number;
  readonly rejected: number;
  readonly tooManyRejected: string | null;
  readonly held: { readonly members: readonly string[]; readonly untilMs: number } | null;
}

export interface CampaignProgress {
  readonly counts: MailCounts;
  readonly walk: { readonly total: number; readonly done: number } | null;
  readonly lastError: string | null;
  readonly throttling: readonly Throttling[];
}

export interface CampaignActivities {
  checkCampaign(jobId: string): Promise<void>;
  reconfigureCampaign(
    jobId: string,
    change: Reconfiguration<ExportCampaignConfiguration>,
  ): Promise<Reconfigured>;
  mailBatch(jobId: string, members: readonly string[]): Promise<CampaignSent>;
  /** @param retry not present members: those who were rejected, or of unknown fate */
  beginCampaignWalk(
    jobId: string,
    retry: Retry | null,
  ): Promise<{ readonly scanId: string; readonly total: number }>;
  /** @param upTo the position to stop at, before the end; null for none */
  walkCampaign(jobId: string, scanId: string, upTo: number | null): Promise<void>;
  /** What became of the first members, in the reader's words. */
  readMailCanary(jobId: string): Promise<string>;
  /** @throws as long as Responsys does not serve this job */
  campaignServes(jobId: string): Promise<void>;
  abandonCampaignWalk(scanId: string): Promise<void>;
  readCampaignProgress(jobId: string): Promise<CampaignProgress>;
  recordCampaignState(jobId: string, state: JobState, reason: string): Promise<void>;
}

export function campaignActivities(means: Means, connections: Connections): CampaignActivities {
  const { store } = means;
  let opened: Promise<HashKeys> | undefined;
  const hashKeys = (): Promise<HashKeys> => (opened ??= openHashKeys(store, means.key));

  /** @param attempts after which a service that does not serve is no longer tried by the step itself */
  const step = <Result>(
    jobId: string,
    work: (job: CampaignJob) => Promise<Result>,
    attempts = Infinity,
  ): Promise<Result> =>
    runStep(
      means,
      jobId,
      async () => work(await findCampaignJob(store, jobId)),
      (error) => endPatience(asFailure(error), attempts),
    );

  /**
   * One attempt at mailing: it has the lane to itself, and what an attempt before it left claimed is unknown.
   * @returns what mails some of the job's members, as the job is by then
   */
  async function openAttempt({ id: jobId, authorizationId }: CampaignJob, lane: Lane, isRetry = false) {
    const responsys = await connections.responsys(authorizationId, { lane, jobId });
    const attempt = { jobId, lane, attemptId: randomUUID() };
    await takeLane(store, attempt);
    const signal = AbortSignal.any([cancellationSignal(), means.stopping]);
    return async (profileIds: readonly string[]): Promise<Mailed> => {
      const job = await findCampaignJob(store, jobId);
      const plan = planOf(job);
      try {
        return await mailMembers(
          { store, hashKeys, responsys, job, plan, attempt, isRetry, signal },
          profileIds,
        );
      } catch (error) {
        // What was asked for is given up between two calls, and taken up by another worker.
        throw means.stopping.aborted && !cancellationSignal().aborted ? workerStops() : error;
      }
    };
  }

  async function walk(job: CampaignJob, scanId: string, upTo: number | null): Promise<void> {
    const scan = await findScan(store, scanId);
    if (scan?.state !== 'running') return;
    const mail = await openAttempt(job, 'bulk', scan.kind !== 'backfill');
    const pages = { pageMembers: job.configuration.batchSize, pagesAtOnce, upTo, stopping: means.stopping };
    await walkPages(scan, pages, async (from, to, before) => {
      const members = await readScanPage(store, scan.id, from, to - from);
      const { held, tooManyRejected } = await mail(members);
      await before;
      if (tooManyRejected !== null) throw new ExpectedError('TOO_MANY_REJECTED', tooManyRejected);
      if (held !== undefined) throw dayIsUsedUp(held.untilMs);
      if (!(await advanceScan(store, scan.id, from, to)))
        throw new ExpectedError('NOT_NOW', 'Another attempt has taken this walk over.');
    });
  }

  return {
    checkCampaign: (jobId) =>
      step(jobId, async (job) => {
        const responsys = await connections.responsys(job.authorizationId, { lane: 'live', jobId });
        const links = await audiencesOfJob(store, jobId);
        const ids = links.map(({ id }) => id);
        const audiences = await audiencesById(store, ids);
        const { configuration } = job;
        const plan = await settleCampaign(store, responsys, configuration, audiences, cancellationSignal());
        await saveCampaignPlan(store, jobId, plan);
        await writeOwedRiids(store, hashKeys, cancellationSignal());
        await startRelaying(store, jobId);
        await tellOfWaiting(store, jobId);
        await setJobState(store, jobId, 'running', '');
        await setLastError(store, jobId, null);
      }),
    // No `step`: a change that is refused is no trouble of the job, which goes on as it was.
    reconfigureCampaign: (jobId, change) =>
      beating(async () => {
        const job = await findCampaignJob(store, jobId);
        const connect = () => connections.responsys(job.authorizationId);
        return reconfigureCampaign(store, connect, job, change, cancellationSignal());
      }).catch((error: unknown) => {
        throw asFailure(error);
      }),
    mailBatch: (jobId, members) =>
      step(
        jobId,
        async (job) => {
          const mail = await openAttempt(job, 'live');
          const { held, tooManyRejected } = await mail(members);
          await setLastError(store, jobId, null);
          const { rejected } = await readMailCounts(store, jobId);
          const unknown = await countUnheard(store, jobId, members);
          return { unknown, rejected, tooManyRejected, held: held ?? null };
        },
        patientAttempts,
      ),
    beginCampaignWalk: (jobId, retry) =>
      step(jobId, async () => {
        const scan = await (retry === null
          ? beginBackfill(store, jobId)
          : retry.unknown === true
            ? beginUnknown(store, jobId)
            : beginMailRetry(store, jobId, retry.reason));
        return { scanId: scan.id, total: scan.total };
      }),
    walkCampaign: (jobId, scanId, upTo) =>
      step(
        jobId,
        async (job) => {
          await walk(job, scanId, upTo);
          if (upTo === null) await endScan(store, scanId, 'done');
          await setLastError(store, jobId, null);
        },
        patientAttempts,
      ),
    readMailCanary: async (jobId) =>
      mailCanaryInWords(await readMailCounts(store, jobId), await groupMailFailures(store, jobId)),
    campaignServes: (jobId) =>
      step(jobId, async (job) => {
        const responsys = await connections.responsys(job.authorizationId, { lane: 'live', jobId });
        await responsys.user(cancellationSignal());
        await setLastError(store, jobId, null);
      }),
    abandonCampaignWalk: (scanId) => endScan(store, scanId, 'abandoned'),
    readCampaignProgress: async (jobId) => {
      const [job, counts, scan] = await Promise.all([
        findCampaignJob(store, jobId),
        readMailCounts(store, jobId),
        latestScan(store, jobId),
      ]);
      return {
        counts,
        lastError: job.lastError,
        throttling: await throttlingOf(store, job.authorizationId),
        walk: scan === undefined ? null : { total: scan.total, done: scan.done },
      };
    },
    recordCampaignState: (jobId, state, reason) => recordJobState(store, jobId, state, reason),
  };
}

function planOf(job: CampaignJob): CampaignPlan {
  if (job.plan === null)
    throw new ExpectedError('NOT_NOW', 'The job has not been checked against the account yet.');
  return job.plan;
}

/** The walk goes on by itself when the day has room again. */
const dayIsUsedUp = (untilMs: number): ApplicationFailure =>
  ApplicationFailure.create({
    type: 'MAILS_OF_DAY_USED' satisfies ErrorCode,
    message: `The mails of these 24 hours (mailsADay) are used up; it goes on at ${new Date(untilMs).toISOString()}.`,
    nextRetryDelay: Math.max(untilMs - Date.now(), 1_000),
  });
