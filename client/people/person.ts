/**
 * What one line of a file says of a person: identities and user fields, or why the line is set aside. Pure;
 * reasons quote no value.
 */
import { identityFields, normaliseIdentity } from '../../systems/store/identities.ts';
import type { Identity, IdentityField } from '../../systems/store/identities.ts';
import type { FieldValue, ProfileInput } from '../../systems/store/profiles.ts';
import type { Kind } from '../../jobs/user-fields.ts';
import { faultOfText, isValue, kindNamed, textOf, valueOfKind } from './values.ts';

export type Person =
  | { readonly profile: ProfileInput }
  | {
      readonly reason: string;
      /** Whose line it is, as far as that could be read. */
      readonly identities?: readonly Identity[];
    };

export interface FieldOfHeader {
  readonly name: string;
  readonly kind: Kind | undefined;
}

/** Names of the file, as they stand there, with the user fields that they mean. */
export type FieldNames = ReadonlyMap<string, string>;

/** A header's name as a user field: lower case, blanks as `_`; `age:int` gives the kind. */
export function fieldOfHeader(header: string, named: FieldNames = new Map()): FieldOfHeader {
  const [, name = '', suffix] = /^(.*?)(?::([^:]+))?$/s.exec(header.trim()) ?? [];
  const kind = kindNamed(suffix?.trim());
  const bare = (kind === undefined ? header : name).trim();
  return { name: (named.get(bare) ?? bare).toLowerCase().replace(/\s+/g, '_'), kind };
}

/** @param values by user field; blank and null are no value, and leave the profile's field alone */
export function readPerson(
  values: Readonly<Record<string, unknown>>,
  kindOf: ReadonlyMap<string, Kind>,
): Person {
  const fields: Record<string, FieldValue> = {};
  const identities: Identity[] = [];
  let reason: string | undefined;
  for (const [field, given] of Object.entries(values)) {
    if (!isValue(given)) continue;
    const fault = faultOfText(textsOf(given));
    if (isIdentityField(field)) {
      const identity = fault === undefined ? readIdentity(field, given) : { reason: `${field}: ${fault}` };
      if (identity === undefined) continue;
      if ('reason' in identity) {
        reason ??= identity.reason;
        continue;
      }
      identities.push(identity);
      fields[field] = identity.value;
      continue;
    }
    const kind = kindOf.get(field) ?? 'string';
    const value = fault === undefined ? valueOfKind(given, kind) : undefined;
    if (value === undefined) reason ??= `${field}: ${fault ?? `the value is no ${kind}`}`;
    else fields[field] = value;
  }
  if (identities.length === 0)
    return { reason: reason ?? `no identifier: one of ${identityFields.join(', ')} is needed` };
  if (reason !== undefined) return { reason, identities };
  // The strongest first: it decides whose profile this is.
  identities.sort((a, b) => identityFields.indexOf(a.field) - identityFields.indexOf(b.field));
  return { profile: { identities, fields } };
}

/** Source: Lytics' limits. */
const longestIdentityBytes = 256;

function readIdentity(field: IdentityField, given: unknown): Identity | { reason: string } | undefined {
  const text = textOf(given);
  if (text === undefined) return { reason: `${field}: the value is no string` };
  const value = normaliseIdentity(field, text);
  if (value === undefined) return undefined;
  if (field === 'email' && !/^[^@\p{Cc}]+@[^@\p{Cc}]+$/u.test(value))
    return { reason: 'email: an address needs one @ with something on both sides' };
  if (Buffer.byteLength(value) > longestIdentityBytes)
    return { reason: `${field}: an identifier has at most ${longestIdentityBytes} bytes` };
  return { field, value };
}

const isIdentityField = (field: string): field is IdentityField =>
  (identityFields as readonly string[]).includes(field);

/** All texts within a JSON value, keys included, as one. */
function textsOf(given: unknown): string {
  if (typeof given === 'string') return given;
  if (typeof given !== 'object' || given === null) return '';
  return Object.entries(given)
    .map(([key, value]) => `${key}\n${textsOf(value)}`)
    .join('\n');
}
