/**
 * The events of one person in the stream. Rows that name one of the person's known identifiers are found by
 * text, and judged by the identities that the job's mapping reads in them: an identifier that leads to the
 * person, and was not known in clear before, is searched for as well.
 */
import { searchEvents } from '../../systems/store/event-search.ts';
import type { FoundEvent } from '../../systems/store/event-search.ts';
import type { Pool } from '../../systems/store/database.ts';
import { findProfiles } from '../../systems/store/identities.ts';
import type { HashKeys, Identity } from '../../systems/store/identities.ts';
import { readImportJobs } from '../../systems/store/import-jobs.ts';
import { mapEvents, readMapping } from './lql-mapping.ts';

export interface PersonsEvents {
  /** Of all that there are. */
  readonly total: number;
  /** The latest, newest first. */
  readonly latest: readonly FoundEvent[];
}

/** Searches after which what a person is known by is taken as complete. */
const mostSearches = 5;

/** @param known texts that stand in the person's events: addresses and RIIDs */
export async function eventsOfPerson(
  store: Pool,
  hashKeys: HashKeys,
  profileId: string,
  known: readonly Identity[],
  limit: number,
): Promise<PersonsEvents> {
  const identitiesIn = openReaders(await mappingsOfJobs(store));
  const owners = new Map<string, string | undefined>();
  let texts = new Set(known.map(textOf));
  for (let search = 1; ; search++) {
    const found = new Set(texts);
    let latest: FoundEvent[] = [];
    let total = 0;
    if (texts.size === 0) return { total, latest };
    await searchEvents(store, { texts: [...texts] }, async (database, events) => {
      const all = events.map((event) => ({ event, identities: identitiesIn(event) }));
      const unknown = new Map(
        all.flatMap(({ identities }) => identities.map((one) => [keyOf(one), one] as const)),
      );
      const asked = [...unknown].filter(([key]) => !owners.has(key));
      const profiles = await findProfiles(
        database,
        hashKeys,
        asked.map(([, identity]) => identity),
      );
      asked.forEach(([key], index) => owners.set(key, profiles[index]));
      const own = all.filter(({ identities }) =>
        identities.some((identity) => owners.get(keyOf(identity)) === profileId),
      );
      for (const { identities } of own)
        for (const identity of identities)
          if (owners.get(keyOf(identity)) === profileId) found.add(textOf(identity));
      total += own.length;
      latest = [...latest, ...own.map(({ event }) => event)].sort(newestFirst).slice(0, limit);
    });
    if (found.size === texts.size || search === mostSearches) return { total, latest };
    texts = found;
  }
}

const newestFirst = (one: FoundEvent, other: FoundEvent): number =>
  other.at.getTime() - one.at.getTime() || other.fileId - one.fileId || other.line - one.line;
const keyOf = ({ field, value }: Identity): string => `${field}\0${value}`;

/** A RIID is a cell of its own, an address may stand in more text; the stream has cells as JSON. */
const textOf = ({ field, value }: Identity): string => {
  const text = JSON.stringify(field === 'rs_user_id' ? value.slice(value.indexOf('/') + 1) : value);
  return field === 'email' ? text.slice(1, -1) : text;
};

const mappingsOfJobs = async (store: Pool): Promise<ReadonlyMap<string, string | undefined>> =>
  new Map((await readImportJobs(store)).map(({ id, configuration }) => [id, configuration.mapping]));

function openReaders(
  mappings: ReadonlyMap<string, string | undefined>,
): (event: FoundEvent) => readonly Identity[] {
  const readers = new Map<string, ReturnType<ReturnType<typeof mapEvents>['reader']>>();
  return ({ jobId, fileId, accountId, event, columns, values, at }) => {
    const key = `${fileId}\0${columns.join('\0')}`;
    const reader =
      readers.get(key) ?? mapEvents(readMapping(mappings.get(jobId)), accountId, event).reader(columns);
    readers.set(key, reader);
    return reader(values, at.getTime()).identities;
  };
}
