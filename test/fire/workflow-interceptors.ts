/**
 * Loaded into the workflows of the tests under fire: steps of a killed worker are noticed sooner, and the
 * process hears that a run continues as new.
 */
import { proxySinks } from '@temporalio/workflow';
import type { Sinks, WorkflowInterceptors } from '@temporalio/workflow';

export interface FireSinks extends Sinks {
  fire: { continuesAsNew(): void };
}

const { fire } = proxySinks<FireSinks>();

export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      scheduleActivity: (input, next) =>
        next({
          ...input,
          options: {
            ...input.options,
            ...(input.options.heartbeatTimeout === undefined ? {} : { heartbeatTimeout: '8s' }),
          },
        }),
      continueAsNew: (input, next) => {
        fire.continuesAsNew();
        return next(input);
      },
    },
  ],
});
