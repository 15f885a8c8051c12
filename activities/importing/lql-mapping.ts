/**
 * A mapping in LQL, as importing needs it: rows of one file's account and event type.
 */
import { notValid } from '../../jobs/errors.ts';
import type { Kind } from '../../jobs/user-fields.ts';
import { defaultMappingText } from '../../lql/default-mapping.ts';
import { compileMapping } from '../../lql/mapping/mapping.ts';
import type { Aggregate, Mapping } from '../../lql/mapping/mapping.ts';
import type { Row } from '../../lql/values.ts';
import { identityFields, normaliseIdentity } from '../../systems/store/identities.ts';
import type { Identity } from '../../systems/store/identities.ts';
import type { EventMapping } from './event-mapping.ts';
import { noValue } from './no-value.ts';

/**
 * A row with its time: what it adds is known when it is taken into somebody's aggregate. As one text, since
 * hundreds of thousands wait for that.
 */
interface TimedRow {
  /** In lower case; one list for all rows of a header. */
  readonly names: readonly string[];
  readonly event: string;
  readonly values: string;
  readonly atMs: number;
}

/**
 * @param text of a job's own mapping; undefined for the default one
 * @throws ExpectedError INPUT_NOT_VALID with line and column
 */
export function readMapping(text: string | undefined): Mapping {
  const mapping = compileMapping(text ?? defaultMappingText, { noIdentity: [...noValue] });
  for (const { name, isIdentity } of mapping.fields)
    if (isIdentity && !isIdentityField(name))
      throw notValid('mapping', `BY names ${name}; a profile is found by ${identityFields.join(', ')}`);
  return mapping;
}

const isIdentityField = (name: string): name is Identity['field'] =>
  (identityFields as readonly string[]).includes(name);

/** The user fields that a mapping makes, with their kinds. */
export const fieldsOfMapping = (mapping: Mapping): ReadonlyMap<string, Kind> =>
  new Map(mapping.fields.map(({ name, kind }) => [name, kind]));

export function mapEvents(
  mapping: Mapping,
  accountId: string,
  eventType: string,
): EventMapping<Aggregate, TimedRow> {
  const event = eventType.toLowerCase();
  return {
    reader: (columns) => {
      const names = columns.map((name) => name.toLowerCase());
      return (values, atMs) => {
        const identities = mapping
          .identitiesOf(rowOf(names, event, values), atMs)
          .flatMap(({ field, value }): Identity[] => {
            if (!isIdentityField(field)) return [];
            const normal = normaliseIdentity(field, value);
            return normal === undefined ? [] : [{ field, value: inAccount(field, normal, accountId) }];
          });
        return { identities, addition: { names, event, values: JSON.stringify(values), atMs } };
      };
    },
    add: (aggregates, { names, event: type, values, atMs }) => {
      const into = aggregates ?? mapping.newAggregate();
      mapping.fold(into, rowOf(names, type, JSON.parse(values) as string[]), atMs);
      return into;
    },
    merge: (into, other) => {
      mapping.merge(into, other);
      return into;
    },
    write: (aggregates) => JSON.stringify(mapping.toJson(aggregates)),
    read: (text) => mapping.fromJson(JSON.parse(text) as Parameters<Mapping['fromJson']>[0]),
    fieldsOf: (aggregates) => mapping.valuesOf(aggregates),
  };
}

function rowOf(names: readonly string[], event: string, values: readonly string[]): Row {
  const row: Record<string, unknown> = {};
  names.forEach((name, index) => (row[name] = values[index]));
  row['event'] = event;
  return row;
}

/** A RIID is the id of a list record in one account: of two accounts, the same number is two people. */
const inAccount = (field: Identity['field'], value: string, accountId: string): string =>
  field === 'rs_user_id' ? `${accountId}/${value}` : value;
