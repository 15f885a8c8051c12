/**
 * Turns the store's change log into signals. One for all jobs of a store: it never ends, and its history is
 * a few events an hour.
 */
import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { RelayActivities } from '../activities/relay.ts';

const { relayChanges: relay } = proxyActivities<RelayActivities>({
  startToCloseTimeout: '70m',
  heartbeatTimeout: '20s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
});

const runForMs = 60 * 60_000;

export async function relayChanges(): Promise<void> {
  await relay.executeWithOptions({ summary: 'tell running jobs of changes' }, [runForMs]);
  await continueAsNew<typeof relayChanges>();
}
