/**
 * A mapping in LQL, as importing needs it: rows of one file's account and event type.
 */
import { notValid } from '../../jobs/errors.ts';
import type { Kind } from '../../jobs/user-fields.ts';
import { defaultMappingText } from '../../lql/default-mapping.ts';
import { compileMapping } from '../../lql/mapping/mapping.ts';
import type { Aggregate, Mapping } from '../../lql/mapping/mapping.ts';
import type { Row } from '../../lql/values.ts';
import { identityFields, normaliseIdentity, recordIdentity } from '../../systems/store/identities.ts';
import type { Identity } from '../../systems/store/identities.ts';
import type { EventMapping } from './event-mapping.ts';
import { noValue } from './no-value.ts';

/** A row with its time: what it adds is known when it is taken into somebody's aggregate. */
interface TimedRow {
  readonly row: Row;
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
        const row: Record<string, unknown> = {};
        names.forEach((name, index) => (row[name] = values[index]));
        row['event'] = event;
        const identities = mapping.identitiesOf(row, atMs).flatMap(({ field, value }): Identity[] => {
          if (!isIdentityField(field)) return [];
          const normal = normaliseIdentity(field, value);
          if (normal === undefined) return [];
          return [field === 'rs_user_id' ? recordIdentity(accountId, normal) : { field, value: normal }];
        });
        return { identities, addition: { row, atMs } };
      };
    },
    add: (aggregates, { row, atMs }) => {
      const into = aggregates ?? mapping.newAggregate();
      mapping.fold(into, row, atMs);
      return into;
    },
    merge: (into, other) => {
      mapping.merge(into, other);
      return into;
    },
    write: (aggregates) => JSON.stringify(mapping.toJson(aggregates)),
    read: (text) => mapping.fromJson(JSON.parse(text) as Parameters<Mapping['fromJson']>[0]),
    fieldsOf: (aggregates, riidAtMs) => {
      const fields = mapping.valuesOf(aggregates);
      if (riidAtMs === undefined || (mapping.timeOf(aggregates, 'rs_user_id') ?? Infinity) >= riidAtMs)
        return fields;
      return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'rs_user_id'));
    },
  };
}
