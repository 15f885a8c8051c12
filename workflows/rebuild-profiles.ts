/**
 * Builds profiles anew from the stream: by an import's mapping after it changed, or since one of its files is
 * taken back. Cancelled, or failed for good, it leaves the profiles that are not built yet as they are, and
 * lets folding go on; but a file that is half taken back is taken back whole, whatever is asked meanwhile.
 */
import {
  ActivityCancellationType,
  CancellationScope,
  proxyActivities,
  setCurrentDetails,
} from '@temporalio/workflow';
import type { RebuildActivities } from '../activities/rebuild-profiles.ts';
import type { RebuildEnd, RebuildInput } from '../jobs/rebuild.ts';

const retry = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '2m' } as const;

const { rebuildProfiles: build } = proxyActivities<RebuildActivities>({
  // Of one attempt: each goes on from where the one before it was.
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '30s',
  retry,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});
const { beginRebuild, abandonRebuild } = proxyActivities<RebuildActivities>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '30s',
  retry,
});

export async function rebuildProfiles({ jobId, file }: RebuildInput): Promise<RebuildEnd> {
  if (file !== undefined)
    return CancellationScope.nonCancellable(async () => {
      const id = await beginRebuild.executeWithOptions({ summary: `take back ${file}` }, [jobId, file]);
      return run(jobId, id, `build the profiles anew that ${file} touched`);
    });
  const id = await beginRebuild.executeWithOptions({ summary: 'take the files to walk' }, [jobId, null]);
  try {
    return await run(jobId, id, 'build all profiles anew');
  } catch (error) {
    await CancellationScope.nonCancellable(() => abandonRebuild(jobId, id));
    throw error;
  }
}

async function run(jobId: string, id: number, summary: string): Promise<RebuildEnd> {
  setCurrentDetails(`### Under way\n\nIt is to ${summary}. Until that is done, no events are folded.`);
  const ended = await build.executeWithOptions({ summary }, [jobId, id]);
  setCurrentDetails(`### Done\n\nProfiles built: ${ended.built}, of which changed: ${ended.changed}`);
  return ended;
}
