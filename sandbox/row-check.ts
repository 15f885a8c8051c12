/**
 * Which rows of a merge fail, and which one bad address refuses all of them. Pure: nothing is read or written.
 * Texts: reference §2.3 (recorded traffic) for types, blank match values and bad addresses in a refused
 * request; those of empty channels are invented.
 */
import { channelColumns } from './columns.ts';
import type { Field } from './columns.ts';
import type { Config } from './config.ts';
import { Refused } from './errors.ts';
import type { RecordData } from './record-data.ts';
import { isEmailAddress, isValueOf } from './values.ts';

export interface RowRules {
  /** The list columns that rows are matched on. */
  readonly keys: readonly string[];
  /** The codes of channels that a row must have an address for. */
  readonly channels?: readonly string[];
  /** What the caller's data uses in a column, where that is not the column's own value. */
  readonly allowed?: Readonly<Record<string, readonly string[]>>;
  /** `unchecked`: addresses only find members. */
  readonly badEmail: Config['badEmail'] | 'unchecked';
}

/** Why each row fails, by its index; a row that is not in the map is sound. */
export type Failures = ReadonlyMap<number, string>;

/**
 * The hidden failures of the rows.
 * @throws Refused INVALID_PARAMETER for the first bad address, unless bad addresses are hidden
 */
export function checkRows(data: RecordData, rules: RowRules): Failures {
  if (rules.badEmail !== 'hidden' && rules.badEmail !== 'unchecked') refuseBadEmail(data, rules.badEmail);
  const failures = new Map<number, string>();
  const indexOf = (name: string) => data.columns.findIndex((field) => field.name === name);
  const keys = rules.keys.map((name) => ({ name, index: indexOf(name) }));
  const channels = (rules.channels ?? []).map((code) => ({
    code,
    index: indexOf(channelColumns[code] ?? ''),
  }));
  const checks = data.columns.map((field) => checkOf(field, rules));

  data.rows.forEach((row, n) => {
    for (const { name, index } of keys)
      if ((row[index] ?? '').trim() === '')
        return void failures.set(
          n,
          `${name} is not found in fieldNames or corresponding value is null or empty`,
        );
    for (const { code, index } of channels)
      if ((row[index] ?? '').trim() === '')
        return void failures.set(n, `The record is rejected, as its channel ${code} is empty`);
    for (const [index, check] of checks.entries()) {
      const fault = check(row[index] ?? '');
      if (fault !== undefined) return void failures.set(n, fault);
    }
  });
  return failures;
}

function checkOf(field: Field, rules: RowRules): (value: string) => string | undefined {
  const allowed = rules.allowed?.[field.name];
  const email = field.name === 'EMAIL_ADDRESS_' && rules.badEmail !== 'unchecked';
  return (value) => {
    if (value === '') return undefined;
    if (!isValueOf(field.type, value) || (allowed !== undefined && !allowed.includes(value)))
      return `The value "${value}" is not valid for the field type ${field.type}`;
    if (email && !isEmailAddress(value))
      return `INVALID_PARAMETER: The value ${value} is not a valid email address`;
    return undefined;
  };
}

function refuseBadEmail(data: RecordData, mode: Exclude<Config['badEmail'], 'hidden'>): void {
  const column = data.columns.findIndex((field) => field.name === 'EMAIL_ADDRESS_');
  if (column === -1) return;
  const bad = data.rows.findIndex((row) => {
    const value = row[column] ?? '';
    return value.trim() !== '' && !isEmailAddress(value);
  });
  if (bad === -1) return;
  const place = mode === 'whole-request' ? `Record ${bad} = ` : '';
  throw new Refused('INVALID_PARAMETER', `${place}Bad Email Format\r\n`);
}

/** A failed row of an answer: the text in the first column, the others blank. Source: reference §2.3. */
export function failedRecord(index: number, fault: string, columns: number): string[] {
  const blanks = Array.from({ length: columns - 1 }, () => '');
  return [`MERGEFAILED: Record ${index} = ${fault}\r\n`, ...blanks];
}
