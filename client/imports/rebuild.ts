/**
 * `jobs rebuild`, and `jobs files --redo`: starts the rebuild, shows how far it is, and waits for its end. Who
 * stops waiting stops nothing.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Presets, SingleBar } from 'cli-progress';
import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { openJobFolder } from '../../activities/importing/job-folder.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import { taskQueue } from '../../jobs/job-id.ts';
import { rebuildWorkflowId } from '../../jobs/rebuild.ts';
import type { RebuildEnd } from '../../jobs/rebuild.ts';
import type { Pool } from '../../systems/store/database.ts';
import { listFilesNamed } from '../../systems/store/event-files.ts';
import type { ImportJob } from '../../systems/store/import-jobs.ts';
import { rebuildProgress, runningRebuild } from '../../systems/store/rebuilds.ts';
import { rebuildProfiles } from '../../workflows/index.ts';
import type { Context } from '../context.ts';
import { expectedOf } from '../jobs/start.ts';
import type { Output } from '../output.ts';
import { steerImport } from './steer.ts';

const beginsWithinMs = 60_000;

/** Builds all profiles anew by the job's mapping. @throws ExpectedError */
export async function rebuildJob(context: Context, output: Output, job: ImportJob): Promise<void> {
  const ended = await rebuild(context, output, job, undefined);
  output.result({ job: job.id, ...ended });
  output.line(`${job.label}: ${inWords(ended)}`);
}

/** Takes a file back, and lets it be imported again. @throws ExpectedError */
export async function redoFile(
  context: Context,
  output: Output,
  job: ImportJob,
  path: string,
): Promise<void> {
  const store = await context.store();
  await mustBeThere(context, store, job, path);
  const ended = await rebuild(context, output, job, path);
  if (job.state === 'running')
    await steerImport(context, { ...output, result: () => undefined, line: () => undefined }, job, 'poll');
  output.result({ job: job.id, file: path, ...ended });
  output.line(`${path} is taken back: ${inWords(ended)}`);
  output.line(
    job.state === 'running'
      ? 'It is imported again now; "jobs files" shows when it is done.'
      : `It is imported again when the job runs; it is ${job.state}.`,
  );
}

const inWords = ({ built, changed }: RebuildEnd): string =>
  `${built.toLocaleString('en')} profiles built anew from the stream, ${changed.toLocaleString('en')} of them changed.`;

/** Its rows would be gone for good otherwise. @throws ExpectedError NOT_FOUND */
async function mustBeThere(context: Context, store: Pool, job: ImportJob, path: string): Promise<void> {
  const isUnfinished = (await runningRebuild(store))?.filePath === path;
  if (isUnfinished) return;
  if ((await listFilesNamed(store, job.id, path)).length === 0)
    throw new ExpectedError('NOT_FOUND', `--redo: the job has no file called "${path}"; see "jobs files".`);
  const folder = await openJobFolder({ store, key: context.key() }, job, new AbortController().signal);
  const { files, path: place } = await folder.list().finally(() => folder.close());
  if (!files.some(({ name }) => name === path))
    throw new ExpectedError(
      'NOT_FOUND',
      `--redo: "${path}" is no longer in ${place}; put it back there first, since it is to be imported again.`,
    );
}

async function rebuild(
  context: Context,
  output: Output,
  job: ImportJob,
  file: string | undefined,
): Promise<RebuildEnd> {
  const [store, temporal] = [await context.store(), await context.temporal()];
  const handle = await temporal.workflow
    .start(rebuildProfiles, {
      workflowId: rebuildWorkflowId,
      taskQueue,
      workflowIdConflictPolicy: 'FAIL',
      args: [{ jobId: job.id, file }],
      staticSummary: file === undefined ? `Rebuild by ${job.label}` : `${job.label}: ${file} once more`,
    })
    .catch(async (error: unknown) => {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const label = (await runningRebuild(store))?.jobLabel ?? 'another job';
      throw new ExpectedError(
        'NOT_NOW',
        `Profiles are being built anew already, for "${label}"; one such at a time.`,
      );
    });
  const bar = output.json || !process.stdout.isTTY ? undefined : openBar();
  try {
    return await Promise.race([ended(handle), showing(store, bar)]);
  } finally {
    bar?.stop();
  }
}

async function ended(handle: WorkflowHandle<typeof rebuildProfiles>): Promise<RebuildEnd> {
  try {
    return await handle.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    throw expectedOf(cause?.cause instanceof Error ? cause.cause : (cause ?? error), 'NOT_NOW');
  }
}

function openBar(): SingleBar {
  const bar = new SingleBar({ format: ' {bar} {percentage}% of the stream' }, Presets.shades_classic);
  bar.start(1, 0);
  return bar;
}

/** Until nobody waits for it any more. @throws ExpectedError NO_WORKER where none begins */
async function showing(store: Pool, bar: SingleBar | undefined): Promise<never> {
  const untilMs = Date.now() + beginsWithinMs;
  for (let hasBegun = false; ;) {
    const progress = await rebuildProgress(store).catch(() => undefined);
    hasBegun ||= progress !== undefined;
    if (!hasBegun && Date.now() > untilMs)
      throw new ExpectedError(
        'NO_WORKER',
        'No worker began within a minute; it begins as soon as one runs ("npm run worker").',
      );
    if (progress !== undefined && progress.lines > 0) bar?.update(progress.walked / progress.lines);
    await wait(500, undefined, { ref: false });
  }
}
