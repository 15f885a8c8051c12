/**
 * A mapping in LQL, as importing needs it: rows of one file's account and event type.
 */
import type { Kind } from '../../jobs/user-fields.ts';
import { defaultMappingText } from '../../lql/default-mapping.ts';
import { compileMapping } from '../../lql/mapping/mapping.ts';
import type { Json } from '../../lql/aggregate/operator.ts';
import type { Aggregate, Mapping } from '../../lql/mapping/mapping.ts';
import type { Row } from '../../lql/values.ts';
import { identityFields, normaliseIdentity, recordIdentity } from '../../systems/store/identities.ts';
import type { Identity } from '../../systems/store/identities.ts';
import type { EventMapping } from './event-mapping.ts';
import { noValue } from './no-value.ts';

/**
 * @param text of a job's own mapping; undefined for the default one
 * @throws ExpectedError INPUT_NOT_VALID with line and column
 */
export const readMapping = (text: string | undefined): Mapping =>
  compileMapping(text ?? defaultMappingText, { noIdentity: [...noValue], identityFields });

const isIdentityField = (name: string): name is Identity['field'] =>
  (identityFields as readonly string[]).includes(name);

/** The user fields that a mapping makes, with their kinds. */
export const fieldsOfMapping = (mapping: Mapping): ReadonlyMap<string, Kind> =>
  new Map(mapping.fields.map(({ name, kind }) => [name, kind]));

/**
 * What was gathered of one person: by this mapping, and what others have gathered for fields that this one
 * does not make, which is passed on as it is: several states of a field until its own mapping merges them.
 */
export interface Aggregates {
  readonly own: Aggregate;
  readonly others: Readonly<Record<string, readonly Json[]>> | undefined;
}

const riidField: Identity['field'] = 'rs_user_id';

/** Under it stands what this mapping does not make. No field has an empty name. */
const othersKey = '';

function withOthers(own: string, others: Aggregates['others']): string {
  if (others === undefined) return own;
  const text = `${JSON.stringify(othersKey)}:${JSON.stringify(others)}`;
  return own === '{}' ? `{${text}}` : `${own.slice(0, -1)},${text}}`;
}

type Written = Readonly<Record<string, Json>>;

const othersIn = (written: Written): Readonly<Record<string, readonly Json[]>> =>
  (written[othersKey] ?? {}) as Readonly<Record<string, readonly Json[]>>;

/** The fields that an aggregate has gathered something for, whatever mapping wrote it. */
export function namesInAggregate(text: string): readonly string[] {
  const written = JSON.parse(text) as Written;
  return [...Object.keys(written).filter((name) => name !== othersKey), ...Object.keys(othersIn(written))];
}

export function mapEvents(mapping: Mapping, accountId: string, eventType: string): EventMapping<Aggregates> {
  const event = eventType.toLowerCase();
  const names = new Set(mapping.fields.map(({ name }) => name));
  const rowOf = openRows(mapping.reads);

  function read(text: string): Aggregates {
    const written = JSON.parse(text) as Written;
    const own = mapping.fromJson(written);
    let others: Record<string, readonly Json[]> | undefined;
    for (const [name, state] of Object.entries(written))
      if (!names.has(name) && name !== othersKey) (others ??= {})[name] = [state];
    for (const [name, states] of Object.entries(othersIn(written)))
      if (!names.has(name)) (others ??= {})[name] = [...(others[name] ?? []), ...states];
      else for (const state of states) mapping.merge(own, mapping.fromJson({ [name]: state }));
    return { own, others };
  }

  /** The RIID where Responsys has answered a later one. */
  const hiddenOf = ({ own }: Aggregates, riidAtMs: number | undefined): string | undefined =>
    riidAtMs === undefined || (mapping.timeOf(own, riidField) ?? Infinity) >= riidAtMs
      ? undefined
      : riidField;
  const texts = (aggregates: Aggregates, riidAtMs?: number): { aggregates: string; fields: string } => {
    const { kept, shown } = mapping.textsOf(aggregates.own, hiddenOf(aggregates, riidAtMs));
    return { aggregates: withOthers(kept, aggregates.others), fields: shown };
  };
  return {
    reader: (columns) => {
      const keys = columns.map((name) => name.toLowerCase());
      // Where a name stands twice, the last one is meant.
      const readAt = mapping.reads.map((name) => keys.lastIndexOf(name));
      return (values, atMs) => {
        // What it adds is worked out when it is taken into somebody's aggregate: until then it waits as what
        // it has of the columns that the mapping reads, in the mapping's order of them, behind its type.
        const cells = new Array<string | undefined>(readAt.length + 1);
        cells[0] = event;
        for (let place = 0; place < readAt.length; place++) cells[place + 1] = values[readAt[place] ?? -1];
        const identities: Identity[] = [];
        for (const { field, value } of mapping.identitiesOf(rowOf(cells), atMs)) {
          if (!isIdentityField(field)) continue;
          const normal = normaliseIdentity(field, value);
          if (normal === undefined) continue;
          identities.push(
            field === 'rs_user_id' ? recordIdentity(accountId, normal) : { field, value: normal },
          );
        }
        return { identities, addition: { atMs, cells } };
      };
    },
    add: (aggregates, { atMs, cells }) => {
      const into = aggregates ?? { own: mapping.newAggregate(), others: undefined };
      mapping.fold(into.own, rowOf(cells), atMs);
      return into;
    },
    merge: ({ own, others }, other) => {
      mapping.merge(own, other.own);
      return { own, others: united(others, other.others) };
    },
    write: (aggregates) => texts(aggregates).aggregates,
    texts,
    read,
    fieldsOf: (aggregates, riidAtMs) => {
      const fields = mapping.valuesOf(aggregates.own);
      const hidden = hiddenOf(aggregates, riidAtMs);
      if (hidden === undefined) return fields;
      return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== hidden));
    },
  };
}

function united(one: Aggregates['others'], other: Aggregates['others']): Aggregates['others'] {
  if (one === undefined || other === undefined) return one ?? other;
  const all: Record<string, readonly Json[]> = { ...one };
  for (const [name, states] of Object.entries(other)) all[name] = [...(all[name] ?? []), ...states];
  return all;
}

/**
 * Cells as the row that a mapping is asked about. It is the same for all of them, to be used before the next is
 * asked for: to make an object of its own for each would take longer than most of what is asked.
 * @returns takes the event's type, then what it has of the columns `reads`
 */
function openRows(reads: readonly string[]): (cells: readonly (string | undefined)[]) => Row {
  const columns = ['event', ...reads.filter((name) => name !== 'event')];
  const row: Record<string, string | undefined> = Object.fromEntries(
    columns.map((name): [string, undefined] => [name, undefined]),
  );
  return (cells) => {
    for (let at = 0; at < reads.length; at++) row[reads[at] ?? ''] = cells[at + 1];
    row['event'] = cells[0];
    return row;
  };
}
