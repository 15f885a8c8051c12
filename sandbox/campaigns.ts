/**
 * The account's campaigns: what the configuration says of them, with ids that the file keeps. Source: Oracle's
 * API description; of the list also its guide (reference §4.1).
 */
import { tableSystemFields } from './columns.ts';
import type { Field } from './columns.ts';
import { campaignTypes } from './config.ts';
import type { Config } from './config.ts';
import type { Answer, Call, Context } from './context.ts';
import { Refused } from './errors.ts';

export type Campaign = Config['campaigns'][number] & { readonly id: number };

const root = '/rest/api/v1.3/campaigns';
const maxPage = 200;

/** In the order of their ids. */
export function campaignsOf({ config, storage }: Context): readonly Campaign[] {
  const ids = new Map(
    storage
      .prepare('SELECT id, name FROM campaigns')
      .all()
      .map(({ id, name }) => [String(name), Number(id)]),
  );
  return config()
    .campaigns.map((campaign) => ({ ...campaign, id: ids.get(campaign.name) ?? 0 }))
    .sort((one, other) => one.id - other.id);
}

/** @throws Refused CAMPAIGN_NOT_FOUND */
export function campaignNamed(context: Context, name: string): Campaign {
  const found = campaignsOf(context).find((campaign) => campaign.name === name);
  if (found === undefined) throw new Refused('CAMPAIGN_NOT_FOUND', `${name} Campaign Not Found`);
  return found;
}

export function retrieveCampaigns(context: Context, call: Call): Answer {
  const limit = numberOf(call.query, 'limit', maxPage, 1, maxPage);
  const offset = numberOf(call.query, 'offset', 0, 0, Infinity);
  const type = (call.query.get('type') ?? 'email').toUpperCase();
  if (!(campaignTypes as readonly string[]).includes(type))
    throw new Refused('INVALID_PARAMETER', `type must be one of ${campaignTypes.join(', ').toLowerCase()}`);
  const all = campaignsOf(context).filter((campaign) => campaign.type === type);
  const link = (rel: string, from: number) => ({
    ...{ rel, method: 'GET' },
    href: `${root}?limit=${limit}&offset=${from}&type=${type.toLowerCase()}`,
  });
  return {
    body: {
      campaigns: all.slice(offset, offset + limit).map((campaign) => ({
        ...described(campaign),
        campaignStatus: campaign.status,
        links: linksOf(campaign.name),
      })),
      links: [
        link('self', offset),
        ...(offset + limit < all.length ? [link('next', offset + limit)] : []),
        ...(offset > 0 ? [link('prev', Math.max(0, offset - limit))] : []),
      ],
    },
  };
}

/** Without the status: the description has it in the list only. */
export function retrieveCampaign(context: Context, call: Call): Answer {
  const campaign = campaignNamed(context, call.names['campaign'] ?? '');
  return { body: { ...described(campaign), links: linksOf(campaign.name) } };
}

const described = ({ id, name, folder, list, type, purpose, subject }: Campaign) => ({
  ...{ id: String(id), name, folderName: folder, type, purpose, listName: list, subject },
  ...{ fromName: 'Sandbox', fromEmail: 'sandbox@example.com', replyToEmail: 'sandbox@example.com' },
  ...{
    description: '',
    enableLinkTracking: true,
    trackHTMLOpens: true,
    unsubscribeOption: 'OPTOUT_SINGLE_CLICK',
  },
});

function linksOf(name: string) {
  const href = `${root}/${encodeURIComponent(name)}`;
  return [
    { rel: 'self', href, method: 'GET' },
    { rel: 'triggerEmailMessage', href: `${href}/email`, method: 'POST' },
  ];
}

/** The list, and those of the campaign's tables that are there. */
export function retrieveDataSources(context: Context, call: Call): Answer {
  const { list: listName, tables } = campaignNamed(context, call.names['campaign'] ?? '');
  const list = context.catalog.list(listName);
  const source = (kind: string, folder: string, name: string, fields: readonly Field[]) => ({
    path: `/${folder}/${name}`,
    alias: name,
    fields: fields.map((field) => ({
      ...{ name: field.name, alias: field.name, defaultValue: '' },
      lookUpKey: field.name === 'RIID_',
    })),
    type: kind,
    default: '',
  });
  const dataSources = [
    source('PROFILE_LIST', list.folder, list.name, list.fields),
    ...tables.flatMap((name) => {
      const table = list.tables.get(name);
      if (table === undefined) return [];
      return [source('PROFILE_EXTENSION', table.folder, name, [...tableSystemFields, ...table.fields])];
    }),
  ];
  return { body: { attributeName: 'dataSources', attributeData: { dataSources } } };
}

function numberOf(
  query: URLSearchParams,
  key: string,
  otherwise: number,
  least: number,
  most: number,
): number {
  const text = query.get(key);
  if (text === null) return otherwise;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new Refused(
    'INVALID_PARAMETER',
    `${key} must be a number from ${least}${most === Infinity ? '' : ` to ${most}`}`,
  );
}
