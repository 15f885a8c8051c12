/**
 * Loaded into every workflow: keeps a query from making a run that can never be replayed.
 *
 * A query that the worker of a run no longer answers goes to another, with the history as it is then. Where something
 * has happened since the last task, SDK 1.24 acts on that at once, without a task: by the clock of the task before, and
 * what is decided so goes into the history at the next task, which then does not replay. Such an activation is refused
 * here. The query fails, the run leaves the worker's cache, and what happened is taken up by its own task.
 * `test/workflows/early-query.test.ts` shows it.
 */
import type { ActivateInput, WorkflowInterceptors } from '@temporalio/workflow';

interface Activated {
  readonly isReplaying: boolean;
  readonly historyLength: number;
  readonly at: string;
}

export const interceptors = (): WorkflowInterceptors => {
  let last: Activated | undefined;
  return {
    internals: [
      {
        activate: (input, next) => {
          const activated = activatedBy(input);
          if (last !== undefined && isEarly(activated, last))
            throw new Error(
              'What happened to this workflow since its last task is not taken up yet: ask again in a few seconds.',
            );
          last = activated;
          next(input);
        },
      },
    ],
  };
};

/** It has more of the history than the one before, and yet its very time: no task began in between. */
const isEarly = (now: Activated, last: Activated): boolean =>
  !now.isReplaying && now.historyLength > last.historyLength && now.at === last.at;

function activatedBy({ activation }: ActivateInput): Activated {
  const { isReplaying, historyLength, timestamp } = activation;
  return {
    isReplaying: isReplaying ?? false,
    historyLength: historyLength ?? 0,
    at: `${String(timestamp?.seconds)}.${String(timestamp?.nanos)}`,
  };
}
