/**
 * Loaded into the workflows of the tests under fire: steps of a killed worker are noticed sooner and made again sooner,
 * a service that fails again and again is asked again sooner, and the process hears that a run continues as new.
 */
import { proxySinks } from '@temporalio/workflow';
import type { Sinks, WorkflowInterceptors } from '@temporalio/workflow';

export interface FireSinks extends Sinks {
  fire: { continuesAsNew(): void };
}

const { fire } = proxySinks<FireSinks>();

/** Waits for a service that does not serve: 5 seconds at first, up to 5 minutes; they alone say not what they are for. */
const firstOutageMs = 5_000;
const longestOutageMs = 5 * 60_000;

export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      scheduleActivity: (input, next) =>
        next({
          ...input,
          options: {
            ...input.options,
            ...(input.options.heartbeatTimeout === undefined ? {} : { heartbeatTimeout: '8s' }),
            ...(input.options.retry === undefined
              ? {}
              : { retry: { ...input.options.retry, initialInterval: '1s', maximumInterval: '2s' } }),
          },
        }),
      startTimer: (input, next) => {
        const isOutage = input.options?.summary === undefined && input.durationMs <= longestOutageMs;
        return next(isOutage ? { ...input, durationMs: Math.min(input.durationMs, firstOutageMs) } : input);
      },
      continueAsNew: (input, next) => {
        fire.continuesAsNew();
        return next(input);
      },
    },
  ],
});
