/**
 * The step of the schedule that sees to audiences by rule: who is due by the clock, and everybody by rules of
 * which somebody is still owed.
 */
import { cancellationSignal } from '@temporalio/activity';
import { evaluateDue, evaluateEverybody, owedAudiences } from '../systems/store/evaluation.ts';
import { beating } from './beating.ts';
import type { Means } from './connections.ts';
import { asFailure, workerStops } from './failures.ts';

export interface ReevaluateActivities {
  /**
   * @param forMs how long it goes on while there are people who are due
   * @returns how many profiles were looked at, and whether there may be more
   */
  reevaluateDue(forMs: number): Promise<{ readonly profiles: number; readonly isMore: boolean }>;
}

export function reevaluateActivities({
  store,
  stopping,
}: Pick<Means, 'store' | 'stopping'>): ReevaluateActivities {
  return {
    reevaluateDue: (forMs) =>
      beating(async () => {
        const signal = AbortSignal.any([cancellationSignal(), stopping]);
        const until = Date.now() + forMs;
        let profiles = 0;
        try {
          const owed = await owedAudiences(store);
          if (owed.length > 0)
            await evaluateEverybody(store, owed, {
              onProgress: (more) => (profiles += more),
              signal,
            });
          for (;;) {
            signal.throwIfAborted();
            const looked = await evaluateDue(store);
            profiles += looked;
            if (looked === 0 || Date.now() >= until) return { profiles, isMore: looked > 0 };
          }
        } catch (error) {
          throw stopping.aborted ? workerStops() : asFailure(error);
        }
      }),
  };
}
