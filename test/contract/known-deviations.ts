/**
 * Where Oracle's API description is wrong or older than Oracle's guide and recorded traffic: what the schema
 * becomes there, each with its source. Everything else must fit the description to the letter.
 */

/** A JSON schema, with its references resolved. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly additionalProperties?: boolean;
}

export interface Deviation {
  /** Operations as the description names them: verb, path template, and the action where there is one. */
  readonly operations: readonly string[];
  readonly of: 'request' | 'response' | 'both';
  readonly source: string;
  readonly amend: (schema: Schema) => Schema;
}

const lists = '/rest/api/v1.3/lists';
const campaigns = '/rest/api/v1.3/campaigns';
const members = `${lists}/{listName}/members`;
const tables = `${lists}/{listName}/listExtensions`;
const rows = `${tables}/{petName}/members`;

const text: Schema = { type: 'string' };
const texts: Schema = { type: 'array', items: text };
const link: Schema = { type: 'object', properties: { rel: text, href: text, method: text } };
const links: Schema = { type: 'array', items: link };

const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

/** The schema with some properties added or replaced. */
const withProperties = (schema: Schema, properties: Readonly<Record<string, Schema>>): Schema => ({
  ...schema,
  properties: { ...schema.properties, ...properties },
});

/** The schema with some properties amended, where it has them. */
function amending(schema: Schema, names: readonly string[], amend: (schema: Schema) => Schema): Schema {
  const amended = Object.entries(schema.properties ?? {}).map(
    ([name, property]) => [name, names.includes(name) ? amend(property) : property] as const,
  );
  return { ...schema, properties: Object.fromEntries(amended) };
}

const optional = (schema: Schema): Schema => ({ ...schema, required: [] });

/** The match columns of a table merge as the current guide has them. */
function withTwoMatchColumns(schema: Schema): Schema {
  const { matchColumn, ...properties } = schema.properties ?? {};
  if (matchColumn === undefined) return schema;
  const required = schema.required?.filter((name) => name !== 'matchColumn') ?? [];
  return {
    ...schema,
    properties: { ...properties, matchColumnName1: matchColumn, matchColumnName2: nullable(matchColumn) },
    required: [...required, 'matchColumnName1'],
  };
}

const arrayOf = (schema: Schema): Schema => ({
  type: 'array',
  items: withProperties(schema.properties?.['items']?.items ?? {}, { links }),
});

const listOperations = [
  `POST ${members}`,
  `GET ${members}`,
  `GET ${members}/{riid}`,
  `DELETE ${members}/{riid}`,
  `POST ${members}?action=get`,
  `POST ${members}?action=delete`,
];
const rowOperations = [
  `POST ${rows}`,
  `GET ${rows}`,
  `GET ${rows}/{riid}`,
  `DELETE ${rows}/{riid}`,
  `POST ${rows}?action=get`,
  `POST ${rows}?action=delete`,
];

export const knownDeviations: readonly Deviation[] = [
  {
    operations: [...listOperations, ...rowOperations, `DELETE ${members}`],
    of: 'both',
    source: 'recorded traffic (reference §2.1, §2.2): mapTemplateName is null',
    amend: (schema) =>
      amending(schema, ['recordData'], (data) => amending(data, ['mapTemplateName'], nullable)),
  },
  {
    operations: [...listOperations, ...rowOperations],
    of: 'response',
    source: 'recorded traffic (reference §2.2): answers have links',
    amend: (schema) => withProperties(schema, { links }),
  },
  {
    operations: [`DELETE ${members}`, `GET ${members}/count`],
    of: 'response',
    source: 'recorded traffic (reference §2.2): links are an array',
    amend: (schema) => withProperties(schema, { links }),
  },
  {
    operations: listOperations,
    of: 'both',
    source: 'recorded traffic (reference §2.1, §2.2): every key of the rule may be null, matchColumnName3 is',
    amend: (schema) =>
      amending(schema, ['mergeRule'], (rule) =>
        withProperties(amending(rule, Object.keys(rule.properties ?? {}), nullable), {
          matchColumnName3: { type: 'null' },
        }),
      ),
  },
  {
    operations: rowOperations,
    of: 'response',
    source: 'Oracle’s guide for v1.3 (reference §3.4): matchColumnName1 and 2 at the root for matchColumn',
    amend: withTwoMatchColumns,
  },
  {
    operations: [`POST ${rows}`],
    of: 'request',
    source: 'the same; older accounts answer it "Match Column is null" and take the description’s form',
    amend: (schema) => ({ anyOf: [withTwoMatchColumns(schema), schema] }),
  },
  {
    operations: rowOperations.filter((operation) => operation !== `POST ${rows}`),
    of: 'response',
    source: 'assumed, as the description has one schema for merges and reads: a read has no rule to answer',
    amend: (schema) => amending(schema, ['updateOnMatch', 'matchColumnName1'], nullable),
  },
  {
    operations: [`POST ${members}?action=get`, `POST ${members}?action=delete`, `POST ${rows}?action=delete`],
    of: 'request',
    source: 'Oracle’s guide (reference §2.5): ids and fieldList are arrays of texts, not of arrays',
    amend: (schema) => amending(schema, ['ids', 'fieldList'], () => texts),
  },
  {
    operations: [`GET ${lists}`, `GET ${tables}`],
    of: 'response',
    source: 'Oracle’s guide and clients (reference §3.1, §3.2): a bare array, with links',
    amend: arrayOf,
  },
  {
    operations: [`POST ${tables}`],
    of: 'response',
    source: 'Oracle’s guide and recorded traffic of a sibling (reference §3.3): the literal true',
    amend: () => ({ const: true }),
  },
  {
    operations: ['GET /rest/api/v1.3/settings/account/endpoint'],
    of: 'response',
    source: 'Oracle’s guide (reference §1.8): one entry for each kind of API',
    amend: (schema) => ({ type: 'array', items: schema }),
  },
  {
    operations: ['POST /rest/api/v1.3/folders'],
    of: 'response',
    source: 'as in all recorded answers, an errorMessage that is not there is null',
    amend: (schema) => amending(schema, ['errorMessage'], nullable),
  },
  {
    operations: [`GET ${campaigns}`],
    of: 'response',
    source:
      'Oracle’s guide (reference §4.1): the array is called campaigns, with links, as have its elements',
    amend: (schema) => {
      const { items = {}, ...properties } = schema.properties ?? {};
      const described = { ...items, items: withProperties(items.items ?? {}, { links }) };
      return { ...schema, properties: { ...properties, campaigns: described, links } };
    },
  },
  {
    operations: [`GET ${campaigns}/{campaignName}`],
    of: 'response',
    source: 'the description’s own words: it includes the campaign’s id, and links',
    amend: (schema) => withProperties(schema, { id: text, links }),
  },
  {
    operations: [
      'POST /rest/api/v1.3/campaigns/{campaignName}/email',
      'POST /rest/api/v1.3/events/{eventName}',
    ],
    of: 'response',
    source: 'recorded traffic (reference §4.3): errorMessage is null on success',
    amend: (schema) =>
      schema.items === undefined
        ? schema
        : { ...schema, items: amending(schema.items, ['errorMessage'], nullable) },
  },
  {
    operations: ['POST /rest/api/v1.3/campaigns/{campaignName}/email'],
    of: 'request',
    source: 'recorded traffic (reference §4.2): the rule’s keys may be null, as in a list merge',
    amend: (schema) =>
      amending(schema, ['mergeRule'], (rule) => amending(rule, Object.keys(rule.properties ?? {}), nullable)),
  },
  {
    operations: [
      'POST /rest/api/v1.3/campaigns/{campaignName}/email',
      'POST /rest/api/v1.3/events/{eventName}',
    ],
    of: 'request',
    source:
      'recorded traffic (reference §4.2, §4.4): a recipient has one identifier, optionalData may be absent',
    amend: (schema) =>
      amending(schema, ['recipientData'], (data) => ({
        ...data,
        items: { ...amending(data.items ?? {}, ['recipient'], optional), required: ['recipient'] },
      })),
  },
];
