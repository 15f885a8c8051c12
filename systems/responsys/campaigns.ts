/**
 * The account's e-mail campaigns, and what their messages may read. Source: Oracle's REST guide, campaigns-get,
 * and its API description, which names the array of a page otherwise: both forms are read.
 */
import { z } from 'zod';
import { readAnswer, text } from './catalogue.ts';
import type { Connection } from './connection.ts';
import { ResponsysError } from './errors.ts';
import { formError } from './transport.ts';
import type { Request } from './transport.ts';

export interface Campaign {
  /** Absent where an answer has none. */
  readonly id: string | undefined;
  readonly name: string;
  readonly folderName: string;
  /** EMAIL, SMS, PUSH …; '' where the answer has none. */
  readonly type: string;
  /** PROMOTIONAL or TRANSACTIONAL. */
  readonly purpose: string;
  /** The profile list that it is sent to. */
  readonly listName: string;
  readonly subject: string;
  /** NONE, DRAFT, ACTIVE or CLOSED; '' where no answer says. */
  readonly status: string;
}

/** A table or list whose columns a campaign's message may use. */
export interface DataSource {
  /** As the answer has it: `/folder/name`. */
  readonly path: string;
  /** The last part of the path. */
  readonly name: string;
  readonly alias: string;
  readonly type: string;
  /** Names of the columns. */
  readonly fields: readonly string[];
}

/** Each throws ResponsysError. */
export interface Campaigns {
  /** All e-mail campaigns, of all pages. */
  campaigns(signal?: AbortSignal): Promise<readonly Campaign[]>;
  /** The campaign of this name; undefined where there is none. */
  campaign(name: string, signal?: AbortSignal): Promise<Campaign | undefined>;
  campaignDataSources(name: string, signal?: AbortSignal): Promise<readonly DataSource[]>;
}

export const openCampaigns = (connection: Connection): Campaigns => ({
  campaigns: (signal) => readCampaigns(connection, signal),
  campaign: (name, signal) => findCampaign(connection, name, signal),
  campaignDataSources: (name, signal) => readDataSources(connection, name, signal),
});

const root = '/rest/api/v1.3/campaigns';
const pathOf = (name: string): string => `${root}/${encodeURIComponent(name)}`;

const campaign = z
  .object({
    id: z.union([z.string(), z.number()]).nullish(),
    name: z.string(),
    ...{ folderName: text, type: text, purpose: text, listName: text, subject: text, campaignStatus: text },
  })
  .transform(
    ({ id, name, folderName, type, purpose, listName, subject, campaignStatus: status }): Campaign => ({
      ...{ id: id === undefined || id === null ? undefined : String(id), name, folderName, type, purpose },
      ...{ listName, subject, status },
    }),
  );

const links = z.array(z.object({ rel: text, href: text })).nullish();
const page = z.union([
  z.object({ campaigns: z.array(campaign), links }),
  z
    .object({ items: z.array(campaign), links })
    .transform(({ items, links }) => ({ campaigns: items, links })),
]);

/** Campaigns of a page, the most that Responsys answers. Source: reference §4.1. */
const pageSize = 200;

const everyCampaign = { api: 'Fetch All Campaigns', what: 'read the campaigns', method: 'GET' } as const;

async function readCampaigns(connection: Connection, signal?: AbortSignal): Promise<readonly Campaign[]> {
  const found = new Map<string, Campaign>();
  let path: string | undefined = `${root}?limit=${pageSize}&offset=0&type=email`;
  for (let offset = pageSize; path !== undefined; offset += pageSize) {
    const known = found.size;
    const request: Request = { ...everyCampaign, path };
    const { campaigns, links }: z.infer<typeof page> = await readAnswer(connection, request, page, signal);
    for (const one of campaigns) found.set(one.name, one.type === '' ? { ...one, type: 'EMAIL' } : one);
    path = links?.length
      ? pathIn(links.find(({ rel }) => rel === 'next')?.href)
      : // Without any links, a full page may not be the last.
        campaigns.length < pageSize
        ? undefined
        : `${root}?limit=${pageSize}&offset=${offset}&type=email`;
    if (path !== undefined && found.size === known)
      throw formError('Responsys’ pages of campaigns bring nothing new, and do not end');
  }
  return [...found.values()];
}

/** Of a link, only where it leads on this host: the token goes to no other. */
function pathIn(href: string | undefined): string | undefined {
  const url = href === undefined ? null : URL.parse(href, 'https://responsys');
  if (url === null) return undefined;
  if (url.pathname !== root) throw formError('Responsys’ next page of campaigns is at another place');
  return `${url.pathname}${url.search}`;
}

async function findCampaign(
  connection: Connection,
  name: string,
  signal?: AbortSignal,
): Promise<Campaign | undefined> {
  let found: Campaign;
  try {
    found = await readAnswer(
      connection,
      { api: 'Fetch A Campaign', what: `read the campaign ${name}`, method: 'GET', path: pathOf(name) },
      campaign,
      signal,
    );
  } catch (error) {
    if (error instanceof ResponsysError && error.kind === 'not-found') return undefined;
    throw error;
  }
  if (found.status !== '' && found.id !== undefined) return found;
  // Oracle's description gives the status and the id with the list of all only.
  const listed = (await readCampaigns(connection, signal)).find((one) => one.name === found.name);
  return listed ?? found;
}

const dataSources = z.object({
  attributeData: z.object({
    dataSources: z
      .array(
        z.object({
          path: text,
          alias: text,
          type: text,
          fields: z.array(z.object({ name: z.string() })).nullish(),
        }),
      )
      .nullish(),
  }),
});

async function readDataSources(
  connection: Connection,
  name: string,
  signal?: AbortSignal,
): Promise<readonly DataSource[]> {
  const { attributeData } = await readAnswer(
    connection,
    {
      api: 'Retrieve Campaign Data Sources',
      what: `read the data sources of the campaign ${name}`,
      method: 'GET',
      path: `${pathOf(name)}/attributes/dataSources`,
    },
    dataSources,
    signal,
  );
  return (attributeData.dataSources ?? []).map(({ path, alias, type, fields }) => ({
    ...{ path, name: path.slice(path.lastIndexOf('/') + 1), alias, type },
    fields: (fields ?? []).map(({ name }) => name),
  }));
}
