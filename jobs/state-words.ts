/**
 * The states of a job as people read them: one wording for commands, live details and refusals.
 */
import type { ExportState } from './messages.ts';

const words: Readonly<Partial<Record<ExportState, string>>> = {
  waiting: 'waiting for Responsys',
  approval: 'waiting for approval',
};

/** @param state of the workflow, or as the store has it */
export const stateInWords = (state: string): string => words[state as ExportState] ?? state;
