/**
 * What the commands of `jobs` ask of a kind of job. Each kind answers in a file of its own; the table of kinds
 * (table.ts) is the only place that knows them all.
 */
import type { Context } from '../context.ts';
import type { Output } from '../output.ts';

/** What is written into a job's file: the fields that were asked for, in the specification's order. */
export type JobAnswers = Readonly<Record<string, unknown>>;

/** What a file says, read and found to be in order as far as that shows without asking anybody. */
export interface JobInFile {
  readonly label: string;
  /** Checks it for real and shows what it would do. @returns what is wrong, each as "field: what" */
  plan(context: Context, output: Output): Promise<readonly string[]>;
  start(context: Context, output: Output): Promise<void>;
  /** Makes the job as the file says. @param agree asked, once the difference is shown, before a job that is there is changed */
  apply(context: Context, output: Output, agree: () => Promise<boolean>): Promise<void>;
}

export const steerings = {
  pause: 'send or read nothing until it is resumed',
  resume: 'go on after a pause, or after what parked it was mended',
  flush: 'of an export: send what is queued at once',
  backfill: 'of an export: scan the audience again; of a campaign: mail members that have no mail yet',
  approve: 'of an export: after the canary, send the rest',
  stop: 'finish what is in flight, say what is left, and end',
} as const;
export type Steering = keyof typeof steerings;

export interface WatchOptions {
  readonly untilScanned: boolean;
}

export interface RetryOptions {
  readonly reason: string | undefined;
  readonly file: string | undefined;
}

export interface JobKind {
  /** As the specification calls it. */
  readonly title: string;
  /** Asks for a job step by step. */
  ask(context: Context): Promise<JobAnswers>;
  /** @param path of the file, for messages and for files that it names. @throws ExpectedError INPUT_NOT_VALID */
  read(path: string, content: unknown): Promise<JobInFile>;
  show(context: Context, output: Output, name: string): Promise<void>;
  watch(context: Context, output: Output, name: string, options: WatchOptions): Promise<void>;
  steer(context: Context, output: Output, name: string, how: Steering): Promise<void>;
  retry(context: Context, output: Output, name: string, options: RetryOptions): Promise<void>;
  /** Rejected members by reason. @param csv a file to write them to */
  failures(context: Context, output: Output, name: string, csv: string | undefined): Promise<void>;
  /** What the job did about a person. */
  history(context: Context, output: Output, name: string, profileId: string): Promise<void>;
}
