/**
 * What a job's file would do, without doing it: checks, tables, columns, requests, members, first bodies.
 * Asks the account by reads alone; the one POST is the login.
 */
import { findNamedAudiences, planAgainstAccount } from '../../activities/account-planning.ts';
import { rehearseScan } from '../../activities/delivery/rehearse.ts';
import type { Rehearsal } from '../../activities/delivery/rehearse.ts';
import type { Planning } from '../../activities/export-planning.ts';
import type { ExportAudienceConfiguration } from '../../jobs/export-audience.ts';
import type { ExportPlan, NewTable } from '../../jobs/export-plan.ts';
import type { Responsys } from '../../systems/responsys/index.ts';
import type { Audience } from '../../systems/store/audiences.ts';
import { findLabelledJob } from '../../systems/store/job-configuration.ts';
import type { Job } from '../../systems/store/jobs.ts';
import type { Context } from '../context.ts';
import { connectChecked, reading } from '../kinds/account-checks.ts';
import { readPace } from '../kinds/pace.ts';
import type { Pace } from '../kinds/pace.ts';

/** Stands for the id that a job gets when it is started. */
const jobIdToBe = '{Job ID}';

export interface JobPlan {
  readonly label: string;
  /** The job of this label, where there is one. */
  readonly job: Job | undefined;
  /** Everything that is wrong, each as "field: what"; empty where the job can start. */
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
  /** Undefined where it takes what is wrong to be mended first. */
  readonly settled:
    | {
        readonly plan: ExportPlan;
        readonly newTables: readonly NewTable[];
        readonly audiences: readonly { readonly name: string; readonly column: string }[];
        readonly rehearsal: Rehearsal;
        readonly pace: readonly Pace[];
      }
    | undefined;
}

interface Checked {
  readonly job: Job | undefined;
  readonly faults: readonly string[];
  readonly exported: readonly Audience[];
  /** Undefined where the account could not be looked at. */
  readonly found: { readonly responsys: Responsys; readonly planning: Planning } | undefined;
}

/** @throws ExpectedError SERVICE_UNAVAILABLE: then nothing is known of what is right or wrong */
export async function checkJob(
  context: Context,
  configuration: ExportAudienceConfiguration,
): Promise<Checked> {
  const store = await context.store();
  const job = await findLabelledJob(store, configuration.label);
  const { source, exported, faults } = await findNamedAudiences(store, configuration);
  const connected = await connectChecked(context, configuration.authorization);
  if ('fault' in connected) return { job, faults: [...faults, connected.fault], exported, found: undefined };
  const { responsys } = connected;
  const asked = {
    jobId: job?.id ?? jobIdToBe,
    configuration,
    // Holds the place of one that is missing, so that the rest is checked, too.
    source: source ?? missingAudience(configuration.audience),
    exported,
  };
  const planning = await reading(planAgainstAccount(store, responsys, asked));
  return { job, faults: [...faults, ...planning.faults], exported, found: { responsys, planning } };
}

/** @throws ExpectedError SERVICE_UNAVAILABLE */
export async function planJob(
  context: Context,
  configuration: ExportAudienceConfiguration,
): Promise<JobPlan> {
  const { job, faults, exported, found } = await checkJob(context, configuration);
  const { label } = configuration;
  if (found === undefined || faults.length > 0)
    return { label, job, faults, warnings: [], settled: undefined };
  const { plan, newTables } = found.planning;
  const rehearsal = await rehearseScan(await context.store(), plan, configuration);
  const { list, fields, memberships } = rehearsal.requests;
  const pace = await readPace(found.responsys, [
    ['Merge List Recipients', list],
    ['Merge Profile Extension Recipients', fields + memberships],
  ]);
  const audiences = exported.map(({ name, column }) => ({ name, column }));
  const settled = { plan, newTables, audiences, rehearsal, pace };
  return { label, job, faults, warnings: plan.warnings, settled };
}

const missingAudience = (name: string): Audience => ({ id: '', name, column: '', filter: null });
