/** What starting a job or `jobs apply` did about it, whatever its kind, as people and scripts read it. */
import type { Context } from '../context.ts';
import type { Output } from '../output.ts';
import { workflowUrl } from '../workflow-url.ts';

export type Outcome = 'started' | 'started-again' | 'changed' | 'unchanged';

interface AppliedJob {
  readonly id: string;
  readonly label: string;
  readonly state: string;
}

export interface Applied<Job extends AppliedJob, Difference> {
  readonly outcome: Outcome;
  readonly job: Job;
  readonly differences: readonly Difference[];
}

/** @param warnings that its check has found */
export function showApplied(
  output: Output,
  { outcome, job, differences }: Applied<AppliedJob, unknown>,
  warnings: readonly string[] = [],
): void {
  const { id, label, state } = job;
  output.result({ outcome, id, label, state, differences, warnings });
  output.line(appliedInWords(outcome, job));
  if (outcome === 'started') for (const warning of warnings) output.line(`Note: ${warning}`);
}

export function showStarted(
  output: Output,
  context: Context,
  { id, label, state }: AppliedJob,
  workflowId: string,
  warnings: readonly string[] = [],
): void {
  const url = workflowUrl(context, workflowId);
  output.result({ id, label, state, warnings, url });
  output.line(`Started ${label} as ${id}.`);
  for (const warning of warnings) output.line(`Note: ${warning}`);
  if (url !== undefined) output.line(`Web UI: ${url}`);
  output.line(`Watch:  lytics-responsys jobs watch ${id}`);
}

function appliedInWords(outcome: Outcome, { id, label, state }: AppliedJob): string {
  switch (outcome) {
    case 'started':
      return `Started ${label} as ${id}.`;
    case 'started-again':
      return `Started ${label} again, as ${id} as before.`;
    case 'changed':
      return `Changed ${label} (${id}); it is ${state}.`;
    case 'unchanged':
      return `${label} (${id}) is unchanged; it is ${state}.`;
  }
}
