/** What `jobs apply` did about an export. */
import { appliedInWords } from '../kinds/applied.ts';
import type { Output } from '../output.ts';
import type { Applied } from './apply.ts';

export function showApplied(output: Output, { outcome, job, differences }: Applied): void {
  const warnings = job.plan?.warnings ?? [];
  output.result({ outcome, id: job.id, label: job.label, state: job.state, differences, warnings });
  output.line(appliedInWords(outcome, job));
  if (outcome === 'started') for (const warning of warnings) output.line(`Note: ${warning}`);
}
