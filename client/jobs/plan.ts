/**
 * What a job's file would do, without doing it: checks, tables, columns, requests, members, first bodies.
 * Asks the account by reads alone; the one POST is the login.
 */
import { findNamedAudiences, planAgainstAccount } from '../../activities/account-planning.ts';
import { rehearseScan } from '../../activities/delivery/rehearse.ts';
import type { Rehearsal } from '../../activities/delivery/rehearse.ts';
import type { Planning } from '../../activities/export-planning.ts';
import { codeOfResponsysError } from '../../activities/failures.ts';
import { ExpectedError, errorKinds } from '../../jobs/errors.ts';
import type { ExportAudienceConfiguration } from '../../jobs/export-audience.ts';
import type { ExportPlan, NewTable } from '../../jobs/export-plan.ts';
import { ResponsysError, assumedCallsPerMinute, limitsByFunction } from '../../systems/responsys/index.ts';
import type { Responsys, ResponsysFunction } from '../../systems/responsys/index.ts';
import type { Audience } from '../../systems/store/audiences.ts';
import { findLabelledJob } from '../../systems/store/job-configuration.ts';
import type { Job } from '../../systems/store/jobs.ts';
import { connectLabelled } from '../authorizations/export-authorization.ts';
import type { Context } from '../context.ts';
import { responsysFailure } from '../responsys-failure.ts';

/** Stands for the id that a job gets when it is started. */
const jobIdToBe = '{Job ID}';

export interface Pace {
  readonly function: ResponsysFunction;
  readonly requests: number;
  readonly callsPerMinute: number;
  /** Whether the account did not say its limit. */
  readonly assumed: boolean;
  /** At the least, with the whole allowance to itself. */
  readonly minutes: number;
}

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
  let responsys: Responsys;
  try {
    responsys = await connectLabelled(context, configuration.authorization);
    await responsys.logIn();
  } catch (error) {
    return { job, faults: [...faults, authorizationFault(error)], exported, found: undefined };
  }
  try {
    const planning = await planAgainstAccount(store, responsys, {
      jobId: job?.id ?? jobIdToBe,
      configuration,
      // Holds the place of one that is missing, so that the rest is checked, too.
      source: source ?? missingAudience(configuration.audience),
      exported,
    });
    return { job, faults: [...faults, ...planning.faults], exported, found: { responsys, planning } };
  } catch (error) {
    throw responsysFailure(error);
  }
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
  const limits = limitsByFunction(await limitsOf(found.responsys));
  const { list, fields, memberships } = rehearsal.requests;
  const pace = [
    paceOf('Merge List Recipients', list, limits),
    paceOf('Merge Profile Extension Recipients', fields + memberships, limits),
  ];
  const audiences = exported.map(({ name, column }) => ({ name, column }));
  const settled = { plan, newTables, audiences, rehearsal, pace };
  return { label, job, faults, warnings: plan.warnings, settled };
}

/** @throws ExpectedError CONFIGURATION_REFUSED with all of them */
export function refuseFaults(faults: readonly string[]): void {
  if (faults.length > 0)
    throw new ExpectedError('CONFIGURATION_REFUSED', faults.map((fault) => `${fault}.`).join('\n'));
}

async function limitsOf(responsys: Responsys): ReturnType<Responsys['rateLimits']> {
  try {
    return await responsys.rateLimits();
  } catch (error) {
    throw responsysFailure(error);
  }
}

const missingAudience = (name: string): Audience => ({ id: '', name, column: '', filter: null });

/** A login that is refused is a fault of the file or the account; one that cannot be tried is none. */
function authorizationFault(error: unknown): string {
  if (error instanceof ResponsysError && !errorKinds[codeOfResponsysError(error)].retried)
    return `authorization: ${error.message}; the account could not be looked at`;
  if (error instanceof ExpectedError && !errorKinds[error.code].retried)
    return error.message.replace(/\.$/, '');
  throw responsysFailure(error);
}

function paceOf(
  name: ResponsysFunction,
  requests: number,
  limits: Readonly<Partial<Record<ResponsysFunction, number>>>,
): Pace {
  const callsPerMinute = limits[name] ?? assumedCallsPerMinute(name);
  return {
    function: name,
    requests,
    callsPerMinute,
    assumed: limits[name] === undefined,
    minutes: Math.ceil((requests / callsPerMinute) * 10) / 10,
  };
}
