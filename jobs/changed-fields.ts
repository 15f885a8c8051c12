/** Which fields of a job's file have changed. Pure. */
import { isDeepStrictEqual } from 'node:util';

export interface FieldChange<Field extends string = string> {
  readonly field: Field;
  /** Null where the field was, or is, not given. */
  readonly from: unknown;
  readonly to: unknown;
}

/** @param fields those that are compared, in the order in which changes are told */
export const changedFields = <Field extends string>(
  fields: readonly Field[],
  before: Readonly<Partial<Record<Field, unknown>>>,
  after: Readonly<Partial<Record<Field, unknown>>>,
): readonly FieldChange<Field>[] =>
  fields
    .filter((field) => !isDeepStrictEqual(comparable(before[field]), comparable(after[field])))
    .map((field) => ({ field, from: before[field] ?? null, to: after[field] ?? null }));

/** The order in which columns or accounts are named says nothing. */
const comparable = (value: unknown): unknown => (Array.isArray(value) ? value.toSorted() : (value ?? null));
