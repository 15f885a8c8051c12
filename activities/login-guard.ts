/**
 * Logins by password, one at a time for each authorization, whatever number of workers there is. One that
 * Responsys refused is remembered in the store and never made again with that version of the authorization,
 * and all its jobs are told.
 */
import { WorkflowNotFoundError } from '@temporalio/client';
import { workflowIdOfJob } from '../jobs/job-id.ts';
import { loginRefusedSignal } from '../jobs/messages.ts';
import { errorOfRefusal, refusalOfLogin } from '../systems/responsys/index.ts';
import type { LoginGuard } from '../systems/responsys/index.ts';
import { transaction } from '../systems/store/database.ts';
import { livingJobsOf } from '../systems/store/jobs.ts';
import { findLoginRefusal, lockLogins, saveLoginRefusal } from '../systems/store/login-refusals.ts';
import type { Means } from './connections.ts';
import { asFailure } from './failures.ts';

type Made<Result> = { readonly result: Result } | { readonly refused: Error; readonly isNew: boolean };

export function loginGuard(
  means: Pick<Means, 'store' | 'temporal' | 'log'>,
  authorizationId: string,
  version: number,
): LoginGuard {
  return async <Result>(attempt: () => Promise<Result>): Promise<Result> => {
    const made = await transaction(means.store, async (database): Promise<Made<Result>> => {
      await lockLogins(database, authorizationId);
      const known = await findLoginRefusal(database, authorizationId, version);
      if (known !== undefined) return { refused: errorOfRefusal(known), isNew: false };
      try {
        return { result: await attempt() };
      } catch (error) {
        const refusal = refusalOfLogin(error);
        if (refusal === undefined || !(error instanceof Error)) throw error;
        await saveLoginRefusal(database, authorizationId, version, refusal);
        return { refused: error, isNew: true };
      }
    });
    if ('result' in made) return made.result;
    if (made.isNew) await tellJobs(means, authorizationId, version, asFailure(made.refused).message);
    throw made.refused;
  };
}

async function tellJobs(
  { store, temporal, log }: Pick<Means, 'store' | 'temporal' | 'log'>,
  authorizationId: string,
  version: number,
  reason: string,
): Promise<void> {
  for (const { id: jobId, kind } of await livingJobsOf(store, authorizationId)) {
    try {
      await temporal.workflow
        .getHandle(workflowIdOfJob(kind, jobId))
        .signal(loginRefusedSignal, { version, reason });
    } catch (error) {
      // It will meet the refusal itself when it next sends.
      if (!(error instanceof WorkflowNotFoundError)) log.warn({ jobId }, 'not told of the refused login');
    }
  }
}
