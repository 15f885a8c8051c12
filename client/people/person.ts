/**
 * What one line of a file says of a person: identities and user fields, or why the line is set aside. Pure;
 * reasons quote no value.
 */
import { identityFields, normaliseIdentity } from '../../systems/store/identities.ts';
import type { Identity, IdentityField } from '../../systems/store/identities.ts';
import type { FieldValue, ProfileInput } from '../../systems/store/profiles.ts';
import { kinds } from '../../jobs/user-fields.ts';
import type { Kind } from '../../jobs/user-fields.ts';

export type Person = { readonly profile: ProfileInput } | { readonly reason: string };

export interface FieldOfHeader {
  readonly name: string;
  readonly kind: Kind;
}

/** A header's name as a user field: lower case, blanks as `_`; `age:int` gives the kind. */
export function fieldOfHeader(header: string): FieldOfHeader {
  const [, name = header, kind] = /^(.*?)(?::([^:]+))?$/s.exec(header.trim()) ?? [];
  const known = kinds.find((one) => one === kind);
  return {
    name: (known === undefined ? header.trim() : name).trim().toLowerCase().replace(/\s+/g, '_'),
    kind: known ?? 'string',
  };
}

/** The kind that a JSON value shows. */
export function kindOfJson(value: unknown): Kind | undefined {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'number';
  if (Array.isArray(value)) return '[]string';
  return typeof value === 'object' && value !== null ? 'map[string]string' : undefined;
}

/** @param values by user field; blank and null are no value, and leave the profile's field alone */
export function readPerson(
  values: Readonly<Record<string, unknown>>,
  kindOf: ReadonlyMap<string, Kind>,
): Person {
  const fields: Record<string, FieldValue> = {};
  const identities: Identity[] = [];
  for (const [field, given] of Object.entries(values)) {
    if (
      given === null ||
      given === undefined ||
      given === '' ||
      (typeof given === 'string' && given.trim() === '')
    )
      continue;
    const value = valueOf(given, kindOf.get(field) ?? 'string');
    if (value === undefined) return { reason: `${field}: the value is no ${kindOf.get(field) ?? 'string'}` };
    if (!isIdentityField(field)) {
      fields[field] = value;
      continue;
    }
    const identity = normaliseIdentity(field, textOf(given));
    if (identity === undefined) continue;
    if (field === 'email' && !/^[^@\p{Cc}]+@[^@\p{Cc}]+$/u.test(identity))
      return { reason: 'email: an address needs one @ with something on both sides' };
    if (Buffer.byteLength(identity) > longestIdentityBytes)
      return { reason: `${field}: an identifier has at most ${longestIdentityBytes} bytes` };
    fields[field] = identity;
    identities.push({ field, value: identity });
  }
  if (identities.length === 0)
    return { reason: `no identifier: one of ${identityFields.join(', ')} is needed` };
  return { profile: { identities, fields } };
}

/** Source: Lytics' limits. */
const longestIdentityBytes = 256;

const isIdentityField = (field: string): field is IdentityField =>
  (identityFields as readonly string[]).includes(field);

function valueOf(given: unknown, kind: Kind): FieldValue | undefined {
  if (typeof given === 'string' && given.includes('\0')) return undefined;
  switch (kind) {
    case 'string':
    case 'text':
      return typeof given === 'object' ? undefined : textOf(given).trim();
    case 'int':
      return /^-?\d{1,15}$/.test(textOf(given).trim()) ? Number(given) : undefined;
    case 'number': {
      const number = Number(textOf(given).trim());
      return Number.isFinite(number) ? number : undefined;
    }
    case 'bool': {
      const text = textOf(given).trim().toLowerCase();
      return ['true', 't', '1', 'yes'].includes(text)
        ? true
        : ['false', 'f', '0', 'no'].includes(text)
          ? false
          : undefined;
    }
    case 'date': {
      const time = new Date(typeof given === 'number' ? given : textOf(given).trim());
      return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
    }
    case '[]string': {
      if (Array.isArray(given)) return given.map(String);
      return textOf(given)
        .split('&')
        .map((one) => one.trim());
    }
    case 'map[string]string':
      if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined;
      return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)]));
  }
}

/** A scalar's text; of anything else its JSON, which no kind but text takes. */
const textOf = (given: unknown): string => (typeof given === 'string' ? given : JSON.stringify(given));
