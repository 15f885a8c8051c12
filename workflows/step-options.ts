/** How long the steps of a job that follows an audience may take, and how they are tried again. */
import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

const patient = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '2m' } as const;

export const checks: ActivityOptions = {
  startToCloseTimeout: '10m',
  heartbeatTimeout: '30s',
  retry: patient,
};

export const sends: ActivityOptions = { startToCloseTimeout: '1h', heartbeatTimeout: '30s', retry: patient };

export const walks: ActivityOptions = {
  // Of one attempt: however long Responsys does not serve, the walk goes on from its position.
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '30s',
  retry: patient,
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
};

export const preparesWalks: ActivityOptions = { startToCloseTimeout: '10m', heartbeatTimeout: '30s' };

export const asksWhetherItServes: ActivityOptions = {
  startToCloseTimeout: '2m',
  // Without an end, and without a trace in the history: maintenance may take days.
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '5m' },
};

export const reconfigures: ActivityOptions = {
  scheduleToCloseTimeout: '10m',
  startToCloseTimeout: '5m',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
};

export const records: ActivityOptions = { startToCloseTimeout: '1m' };

export const reads: LocalActivityOptions = { startToCloseTimeout: '5s' };
