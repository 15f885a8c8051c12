/**
 * The steps of a rebuild of profiles: begin it, do it, leave it. The second is one step however long it takes:
 * it beats, and after a crash it goes on from where it was.
 */
import { cancellationSignal } from '@temporalio/activity';
import type { RebuildEnd } from '../jobs/rebuild.ts';
import { transaction } from '../systems/store/database.ts';
import { openHashKeys } from '../systems/store/identities.ts';
import { endRebuild, readRebuild } from '../systems/store/rebuilds.ts';
import type { Means } from './connections.ts';
import { workerStops } from './failures.ts';
import { rebuildBounds, runRebuild, startRebuild } from './importing/rebuild.ts';
import { runStep } from './step.ts';

export interface RebuildActivities {
  /** @param file the path of the file that is taken back; null where all is built anew. @returns the rebuild's id */
  beginRebuild(jobId: string, file: string | null): Promise<number>;
  rebuildProfiles(jobId: string, id: number): Promise<RebuildEnd>;
  abandonRebuild(jobId: string, id: number): Promise<void>;
}

export function rebuildActivities(means: Means): RebuildActivities {
  const { store, key } = means;
  const step = <Result>(jobId: string, work: () => Promise<Result>): Promise<Result> =>
    runStep(means, jobId, async () => {
      try {
        return await work();
      } catch (error) {
        throw means.stopping.aborted ? workerStops() : error;
      }
    });
  return {
    beginRebuild: (jobId, file) => step(jobId, () => startRebuild(store, jobId, file)),
    rebuildProfiles: (jobId, id) =>
      step(jobId, async () => {
        const signal = AbortSignal.any([cancellationSignal(), means.stopping]);
        const hashKeys = await openHashKeys(store, key);
        await runRebuild({ store, hashKeys, signal, bounds: rebuildBounds }, id);
        const { built, changed } = await readRebuild(store, id);
        return { built, changed };
      }),
    abandonRebuild: (jobId, id) =>
      step(jobId, () => transaction(store, (database) => endRebuild(database, id, 'abandoned'))),
  };
}
