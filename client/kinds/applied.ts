/** What `jobs apply` did about a job, whatever its kind, as people read it. */

export type Outcome = 'started' | 'started-again' | 'changed' | 'unchanged';

interface AppliedJob {
  readonly id: string;
  readonly label: string;
  readonly state: string;
}

export function appliedInWords(outcome: Outcome, { id, label, state }: AppliedJob): string {
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
