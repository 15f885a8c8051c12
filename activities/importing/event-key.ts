/**
 * The key of an event, by which it counts once however often it is delivered. Pure but for the count of equal
 * rows: rows of a file have to be asked for in their order, from the first on.
 */
import { hash } from 'node:crypto';
import { noValue } from './no-value.ts';
import type { Occurrences } from './occurrences.ts';

/** Columns whose values, with account and type, tell an event from others. Source: design, rule 6. */
const telling = ['list_id', 'campaign_id', 'launch_id', 'offer_number', 'offer_url', 'order_id'] as const;
/** Who it was: the first of these that has a value. */
const persons = ['riid', 'email', 'mobile_number'] as const;

export interface Keyer {
  /** The columns of the rows that follow. */
  columns(names: readonly string[]): void;
  /** 16 bytes, as the characters from 0 to 255. */
  keyOf(values: readonly string[], atMs: number): string;
}

/** @param occurrences of the file's keys */
export function openKeyer(accountId: string, eventType: string, occurrences: Occurrences): Keyer {
  const start = `${accountId}\0${eventType}\0`;
  let names: readonly string[] = [];
  let byName: readonly number[] = [];
  let uuidAt = -1;
  let personsAt: readonly number[] = [];
  let tellingAt: readonly number[] = [];

  const keyText = (values: readonly string[], atMs: number): string => {
    for (let index = 0; index < personsAt.length; index++) {
      const person = values[personsAt[index] ?? -1]?.trim().toLowerCase() ?? '';
      if (noValue.has(person)) continue;
      let text = `${start}event\0${persons[index] ?? ''}\0${person}\0${atMs}`;
      for (const one of tellingAt) text += `\0${values[one]?.trim() ?? ''}`;
      return text;
    }
    // In the order of the names, and without what is blank: a file with more columns tells the same events.
    return byName.reduce(
      (text, at) => (values[at] ? `${text}${names[at] ?? ''}\0${values[at]}\0` : text),
      `${start}row\0`,
    );
  };

  return {
    columns: (given) => {
      names = given.map((name) => name.toLowerCase());
      const indexOf = (name: string): number => names.indexOf(name);
      uuidAt = indexOf('event_uuid');
      personsAt = persons.map(indexOf);
      tellingAt = telling.map(indexOf);
      byName = [...names.keys()].sort((one, other) => ((names[one] ?? '') < (names[other] ?? '') ? -1 : 1));
    },
    keyOf: (values, atMs) => {
      const uuid = uuidAt < 0 ? '' : (values[uuidAt]?.trim() ?? '');
      if (!noValue.has(uuid.toLowerCase())) return digest(`${start}uuid\0${uuid.toLowerCase()}`);
      const text = keyText(values, atMs);
      const first = digest(text);
      const occurrence = occurrences.count(first);
      return occurrence === 1 ? first : digest(`${text}\0occurrence\0${occurrence}`);
    },
  };
}

const digest = (text: string): string => hash('sha256', text, 'binary').slice(0, 16);
