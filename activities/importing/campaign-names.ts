/**
 * Campaigns by name. An event has its campaign's id alone; the name stands in LAUNCH_STATE files of the account,
 * which come before it or after. It is looked for in the stream when somebody asks: files of any age then count,
 * one that was taken back no longer does, and an import pays nothing for it.
 */
import type { Pool } from '../../systems/store/database.ts';
import { filesOfType } from '../../systems/store/event-files.ts';
import { searchEvents } from '../../systems/store/event-search.ts';
import type { FoundEvent } from '../../systems/store/event-search.ts';
import { noValue } from './no-value.ts';

export interface EventCampaign {
  readonly id: string;
  /** The latest by the events' time; null where no file has told it. */
  readonly name: string | null;
}

export type CampaignEvent = FoundEvent & { readonly campaign: EventCampaign | null };

const namingType = 'LAUNCH_STATE';

export async function withCampaigns(
  store: Pool,
  events: readonly FoundEvent[],
): Promise<readonly CampaignEvent[]> {
  const read = events.map((event) => ({ event, id: campaignIdOf(event) }));
  const ids = new Set(read.flatMap(({ id }) => id ?? []));
  const accounts = new Set(events.map(({ accountId }) => accountId));
  const names = ids.size === 0 ? new Map<string, Named>() : await findNames(store, accounts, ids);
  return read.map(({ event, id }) => ({
    ...event,
    campaign:
      id === undefined ? null : { id, name: names.get(keyOf(event, id))?.name ?? nameIn(event) ?? null },
  }));
}

interface Named {
  readonly name: string;
  readonly atMs: number;
}

async function findNames(
  store: Pool,
  accounts: ReadonlySet<string>,
  ids: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Named>> {
  const latest = new Map<string, Named>();
  const files = await filesOfType(store, namingType, [...accounts]);
  if (files.length === 0) return latest;
  const take = (event: FoundEvent): void => {
    const id = campaignIdOf(event);
    const name = nameIn(event);
    if (id === undefined || name === undefined || !ids.has(id)) return;
    const known = latest.get(keyOf(event, id));
    const atMs = event.at.getTime();
    // At equal times the greater one, so that the order of files does not matter.
    if (known === undefined || atMs > known.atMs || (atMs === known.atMs && name > known.name))
      latest.set(keyOf(event, id), { name, atMs });
  };
  await searchEvents(store, { cells: [...ids], files }, (_, events) => {
    for (const event of events) take(event);
    return Promise.resolve();
  });
  return latest;
}

/** An id is of one account: in another it is another campaign. */
const keyOf = ({ accountId }: FoundEvent, id: string): string => `${accountId}/${id}`;
const campaignIdOf = (event: FoundEvent): string | undefined => cellOf(event, 'campaign_id');
const nameIn = (event: FoundEvent): string | undefined => cellOf(event, 'campaign_name');

function cellOf({ columns, values }: FoundEvent, column: string): string | undefined {
  const text = values[columns.findIndex((name) => name.toLowerCase() === column)]?.trim();
  return text === undefined || noValue.has(text.toLowerCase()) ? undefined : text;
}
