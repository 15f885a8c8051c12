/**
 * The two bodies of a trigger, read strictly. What is wrong here refuses the whole request. Source: reference
 * §4.2. That a system column's name in optionalData is refused is stricter than Oracle's guide, which says that
 * other data may be sent then.
 */
import { isAscii } from 'node:buffer';
import { listSystemFields, tableSystemFields } from './columns.ts';
import type { MatchColumn } from './columns.ts';
import type { Call } from './context.ts';
import { Refused } from './errors.ts';
import type { OptionalDatum } from './outbox.ts';
import { asObject, maxRecords, onlyKeys } from './record-data.ts';

export interface Recipient {
  readonly by: MatchColumn;
  readonly id: string;
  readonly listName: { readonly folderName: string | undefined; readonly objectName: string } | undefined;
  readonly optionalData: readonly OptionalDatum[];
}

/** Of several identifiers the first in this order counts (an assumption). */
const identifiers: Readonly<Record<string, MatchColumn>> = {
  recipientId: 'RIID_',
  customerId: 'CUSTOMER_ID_',
  emailAddress: 'EMAIL_ADDRESS_',
  emailMD5Hash: 'EMAIL_MD5_HASH_',
  emailSHA256Hash: 'EMAIL_SHA256_HASH_',
  mobileNumber: 'MOBILE_NUMBER_',
};

const systemNames = new Set([...listSystemFields, ...tableSystemFields].map(({ name }) => name));

export function readTrigger(call: Call): readonly Recipient[] {
  const body = asObject(call.body, 'The request');
  onlyKeys(body, 'the request', ['recipientData']);
  const isEscaped = isAscii(call.raw);
  return all(body['recipientData'], 'recipientData', (item, at) => {
    onlyKeys(item, 'recipientData', ['recipient', 'optionalData']);
    const recipient = asObject(item['recipient'], `Record ${at} = recipient`);
    onlyKeys(recipient, 'recipient', [...Object.keys(identifiers), 'listName', 'emailFormat']);
    const format = recipient['emailFormat'] ?? 'HTML_FORMAT';
    if (format !== 'HTML_FORMAT' && format !== 'TEXT_FORMAT')
      throw new Refused(
        'INVALID_PARAMETER',
        `Record ${at} = emailFormat must be HTML_FORMAT or TEXT_FORMAT\r\n`,
      );
    return {
      ...readIdentifier(recipient, at),
      listName: readListName(recipient['listName']),
      optionalData: readOptionalData(item['optionalData'], at, isEscaped),
    };
  });
}

function readIdentifier(recipient: Readonly<Record<string, unknown>>, at: number) {
  for (const [key, by] of Object.entries(identifiers)) {
    const id = recipient[key] ?? null;
    if (id === null) continue;
    if (key === 'recipientId' && typeof id === 'number') return { by, id: String(id) };
    if (key !== 'recipientId' && typeof id === 'string' && id !== '') return { by, id };
    throw new Refused('INVALID_PARAMETER', `Record ${at} = ${key} is not valid\r\n`);
  }
  throw new Refused('INVALID_PARAMETER', `Record ${at} = the recipient has no identifier\r\n`);
}

function readListName(value: unknown): Recipient['listName'] {
  if (value === undefined || value === null) return undefined;
  const given = asObject(value, 'listName');
  onlyKeys(given, 'listName', ['folderName', 'objectName']);
  const { folderName, objectName } = given;
  if (typeof objectName !== 'string')
    throw new Refused('INVALID_PARAMETER', 'listName must have an objectName');
  return { folderName: typeof folderName === 'string' ? folderName : undefined, objectName };
}

export function readMergeTrigger(call: Call) {
  const body = asObject(call.body, 'The request');
  onlyKeys(body, 'the request', ['mergeTriggerRecordData', 'mergeRule']);
  const data = asObject(body['mergeTriggerRecordData'], 'mergeTriggerRecordData');
  onlyKeys(data, 'mergeTriggerRecordData', ['fieldNames', 'mergeTriggerRecords']);
  const isEscaped = isAscii(call.raw);
  const records = all(data['mergeTriggerRecords'], 'mergeTriggerRecords', (item, at) => {
    onlyKeys(item, 'mergeTriggerRecords', ['fieldValues', 'optionalData']);
    return {
      values: item['fieldValues'],
      optionalData: readOptionalData(item['optionalData'], at, isEscaped),
    };
  });
  return {
    recordData: { fieldNames: data['fieldNames'], records: records.map(({ values }) => values) },
    // Recorded traffic gives none in this call.
    mergeRule: { updateOnMatch: 'REPLACE_ALL', ...asObject(body['mergeRule'], 'mergeRule') },
    optionalData: records.map(({ optionalData }) => optionalData),
  };
}

function all<Item>(
  value: unknown,
  what: string,
  read: (item: Readonly<Record<string, unknown>>, at: number) => Item,
): readonly Item[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new Refused('INVALID_PARAMETER', `${what} must be an array of recipients`);
  if (value.length > maxRecords)
    throw new Refused(
      'RECIPIENT_LIMIT_EXCEEDED',
      `A maximum of ${maxRecords} recipients are allowed per each api call`,
    );
  return value.map((item: unknown, at) => read(asObject(item, `An element of ${what}`), at));
}

function readOptionalData(value: unknown, at: number, isEscaped: boolean): readonly OptionalDatum[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Refused('INVALID_REQUEST_CONTENT', 'optionalData must be an array');
  return value.map((item: unknown) => {
    const datum = asObject(item, 'An element of optionalData');
    onlyKeys(datum, 'optionalData', ['name', 'value']);
    const { name, value: text } = datum;
    if (typeof name !== 'string' || name === '' || typeof text !== 'string')
      throw new Refused('INVALID_REQUEST_CONTENT', 'optionalData must have names and values that are texts');
    if (systemNames.has(name.toUpperCase()))
      throw new Refused(
        'INVALID_PARAMETER',
        `Record ${at} = ${name} is a system column and cannot be a name in optionalData\r\n`,
      );
    // Beyond ASCII, characters must come as \uXXXX.
    if (!isEscaped && /[^\p{ASCII}]/u.test(name + text))
      throw new Refused('INVALID_REQUEST_CONTENT', 'The request content is not valid');
    return { name, value: text };
  });
}
