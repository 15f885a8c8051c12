/**
 * What a profile says of consent. An opt-out is never turned: not by a later import, not by a default.
 */
import type { FieldValue } from '../../systems/store/profiles.ts';

/** Fields of the default mapping that tell of consent. */
export const consentFields = [
  'email_last_opt_out_ts',
  'email_last_opt_in_ts',
  'email_complaint_ct',
  'email_last_complaint_ts',
] as const;

/** Whether a profile says opted out: the last opt-out not before the last opt-in, or a complaint. */
export function isOptedOut(fields: Readonly<Record<string, FieldValue>>): boolean {
  if (fields['email_last_complaint_ts'] !== undefined || Number(fields['email_complaint_ct'] ?? 0) > 0)
    return true;
  const optedOut = timeOf(fields['email_last_opt_out_ts']);
  if (optedOut === undefined) return false;
  const optedIn = timeOf(fields['email_last_opt_in_ts']);
  return optedIn === undefined || optedOut >= optedIn;
}

/** A time that cannot be read counts as the end of time: it must not turn an opt-out. */
function timeOf(value: FieldValue | undefined): number | undefined {
  if (value === undefined || typeof value === 'object' || typeof value === 'boolean') return undefined;
  const time = new Date(value).getTime();
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
}
