/**
 * Waiting for a service that does not serve, however long it takes. Pure.
 */

const firstWaitMs = 5_000;
const longestWaitMs = 5 * 60_000;

/**
 * How long to wait before the service is asked again.
 * @param waits how often a job has waited since its last success, this time included
 */
export const waitBeforeMs = (waits: number): number =>
  Math.min(firstWaitMs * 2 ** Math.min(waits - 1, 20), longestWaitMs);
