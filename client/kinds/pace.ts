/**
 * How long an account's limits let a number of requests take.
 */
import { assumedCallsPerMinute, limitsByFunction } from '../../systems/responsys/index.ts';
import type { Responsys, ResponsysFunction } from '../../systems/responsys/index.ts';
import type { Output } from '../output.ts';
import { reading } from './account-checks.ts';

export interface Pace {
  readonly function: ResponsysFunction;
  readonly requests: number;
  readonly callsPerMinute: number;
  /** Whether the account did not say its limit. */
  readonly assumed: boolean;
  /** At the least, with the whole allowance to itself. */
  readonly minutes: number;
}

/** @param requests by the function that they call */
export async function readPace(
  responsys: Responsys,
  requests: readonly (readonly [ResponsysFunction, number])[],
): Promise<readonly Pace[]> {
  const limits = limitsByFunction(await reading(responsys.rateLimits()));
  return requests.map(([name, count]) => {
    const callsPerMinute = limits[name] ?? assumedCallsPerMinute(name);
    return {
      function: name,
      requests: count,
      callsPerMinute,
      assumed: limits[name] === undefined,
      minutes: Math.ceil((count / callsPerMinute) * 10) / 10,
    };
  });
}

/** Functions have their allowances side by side. */
export const minutesOf = (pace: readonly Pace[]): number =>
  Math.max(0, ...pace.map(({ minutes }) => minutes));

export const showPace = (output: Output, pace: readonly Pace[]): void =>
  output.table(
    ['requests', 'function', 'a minute', 'at least, in minutes'],
    pace.map((one) => [
      one.requests,
      one.function,
      `${one.callsPerMinute}${one.assumed ? ' (assumed)' : ''}`,
      one.minutes,
    ]),
  );
