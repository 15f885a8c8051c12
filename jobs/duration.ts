/**
 * Durations as a job's file has them (`30s`, `10m`, `1h`), read as milliseconds.
 */
import { z } from 'zod';

const unitMs = { s: 1000, m: 60_000, h: 3_600_000 } as const;

export const duration = z.string().transform((text, context) => {
  const found = /^(\d+(?:\.\d+)?)\s*(s|m|h)$/.exec(text.trim());
  const ms = found === null ? 0 : Number(found[1]) * unitMs[found[2] as keyof typeof unitMs];
  if (ms >= 1000 && ms <= 24 * unitMs.h) return ms;
  context.addIssue({ code: 'custom', message: `"${text}" is no duration from 1s to 24h, such as 10m` });
  return z.NEVER;
});

/** Milliseconds as a job's file has them, in the largest unit that is whole. */
export function durationText(ms: number): string {
  const unit = (['h', 'm', 's'] as const).find((one) => ms % unitMs[one] === 0) ?? 's';
  return `${ms / unitMs[unit]}${unit}`;
}
