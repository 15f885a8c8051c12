/**
 * Times in text, in the forms that Lytics documents and Responsys writes. Without an offset they are UTC (or
 * in the zone that is named); a time zone's abbreviation is refused, since Lytics' engine takes it for UTC.
 */
import { DateTime } from 'luxon';
import type { Moment } from './values.ts';

const SECOND_MS = 1_000;

/** Tried in order; a text fits one of them wholly or it is no time. */
const formats = [
  'd-MMM-yyyy HH:mm:ss',
  'd-MMM-yyyy',
  'M/d/yyyy HH:mm:ss',
  'M/d/yyyy HH:mm',
  'M/d/yyyy',
  'yyyy/M/d HH:mm:ss',
  'yyyy/M/d',
  'MMMM d, yyyy HH:mm:ss',
  'MMMM d, yyyy',
  'MMM d, yyyy HH:mm:ss',
  'MMM d, yyyy',
  'd MMMM yyyy',
  'd MMM yyyy',
] as const;

/** @param zone of texts without an offset */
export function momentOf(text: string, zone = 'utc'): Moment | undefined {
  const trimmed = text.trim();
  if (trimmed.length < 4 || trimmed.length > 64) return undefined;
  if (/^\d{10}$/.test(trimmed)) return { atMs: Number(trimmed) * SECOND_MS, offsetMs: 0 };
  if (/^\d{13}$/.test(trimmed)) return { atMs: Number(trimmed), offsetMs: 0 };
  const options = { zone, setZone: true, locale: 'en' } as const;
  if (/^\d{4}(?:-|$|\d{4}(?:$|T))/.test(trimmed))
    return fromLuxon(
      DateTime.fromISO(trimmed.replace(/^(\d{4}-\d{2}-\d{2}) /, '$1T').replace(/ (?=[+-]\d)/, ''), options),
    );
  if (/^[A-Za-z]{3}, /.test(trimmed)) return fromLuxon(DateTime.fromRFC2822(trimmed, options));
  for (const format of formats) {
    const found = fromLuxon(DateTime.fromFormat(trimmed, format, options));
    if (found !== undefined) return found;
  }
  return undefined;
}

const fromLuxon = (time: DateTime): Moment | undefined =>
  time.isValid ? { atMs: time.toMillis(), offsetMs: time.offset * 60 * SECOND_MS } : undefined;
