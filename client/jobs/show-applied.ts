/** What `jobs apply` did about an export. */
import type { Output } from '../output.ts';
import type { Applied } from './apply.ts';

export function showApplied(output: Output, { outcome, job, differences }: Applied): void {
  const warnings = job.plan?.warnings ?? [];
  output.result({ outcome, id: job.id, label: job.label, state: job.state, differences, warnings });
  const said: Readonly<Record<Applied['outcome'], string>> = {
    started: `Started ${job.label} as ${job.id}.`,
    'started-again': `Started ${job.label} again, as ${job.id} as before.`,
    changed: `Changed ${job.label} (${job.id}); it is ${job.state}.`,
    unchanged: `${job.label} (${job.id}) is unchanged; it is ${job.state}.`,
  };
  output.line(said[outcome]);
  if (outcome === 'started') for (const warning of warnings) output.line(`Note: ${warning}`);
}
