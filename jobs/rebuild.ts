/**
 * A rebuild of profiles from the stream: what its workflow is told, and what it says at its end.
 */

/** One at a time for a whole store: while it is under way no events are folded. */
export const rebuildWorkflowId = 'rebuild-profiles';

export interface RebuildInput {
  /** The import whose mapping is the one that counts. */
  readonly jobId: string;
  /** The path of the file that is taken back; all is built anew where none is named. */
  readonly file?: string | undefined;
}

export interface RebuildEnd {
  /** Profiles that were built. */
  readonly built: number;
  /** Those of them that are other than before. */
  readonly changed: number;
}
