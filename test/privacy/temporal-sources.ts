/**
 * Everything that a Temporal namespace shows of its workflows, of all runs: histories with their payloads,
 * and what is true at this moment alone: pending steps with their heartbeats and last failures, live details,
 * memo and search attributes, stacks, and the answers of queries.
 */
import type { Client } from '@temporalio/client';
import type { Source } from './search.ts';

/** Live details are in the first, code with its local names in the second. */
const queries = ['__temporal_workflow_metadata', '__stack_trace', 'status'];

/** @param histories `none` where they are looked at later: what is in one stays there */
export async function temporalSources(
  temporal: Client,
  when: string,
  histories: 'all' | 'none' = 'all',
): Promise<readonly Source[]> {
  const sources: Source[] = [];
  for await (const listed of temporal.workflow.list()) {
    const { workflowId, runId } = listed;
    const run = temporal.workflow.getHandle(workflowId, runId);
    const add = (what: string, content: unknown): void =>
      void sources.push({ place: `${what} of ${workflowId} ${runId}, ${when}`, content });
    add('listing', listed.raw);
    if (histories === 'all') add('history', await run.fetchHistory());
    const { raw, staticSummary, staticDetails } = await describe(run);
    add('description', [raw, staticSummary, staticDetails]);
    if (listed.status.name !== 'RUNNING') continue;
    for (const query of queries) {
      // A query that a workflow does not have is refused, in words that are searched as well.
      add(`query ${query}`, await run.query(query).catch((error: unknown) => error));
    }
  }
  return sources;
}

async function describe(run: ReturnType<Client['workflow']['getHandle']>) {
  const described = await run.describe();
  return {
    raw: described.raw,
    staticSummary: await described.staticSummary(),
    staticDetails: await described.staticDetails(),
  };
}
