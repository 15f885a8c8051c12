/** Loaded into the workflows of an import under fire: a killed worker is noticed sooner, and replaced at once. */
import type { WorkflowInterceptors } from '@temporalio/workflow';

export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      scheduleActivity: (input, next) =>
        next({
          ...input,
          options: {
            ...input.options,
            ...(input.options.heartbeatTimeout === undefined ? {} : { heartbeatTimeout: '6s' }),
            retry: { ...input.options.retry, maximumInterval: '1s' },
          },
        }),
    },
  ],
});
