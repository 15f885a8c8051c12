/**
 * The rules of a merge, read strictly: for a list (`mergeRule`, match columns with their underscore) and for
 * an extension table (keys at the root, without it). Sources: reference §2.1 and §3.4.
 */
import { channelColumns, isHashColumn, isMatchColumn, matchColumns } from './columns.ts';
import type { MatchColumn } from './columns.ts';
import type { Config } from './config.ts';
import { Refused } from './errors.ts';
import { asObject, onlyKeys } from './record-data.ts';

export interface MergeRule {
  /** One or two list columns; both must match. */
  readonly keys: readonly MatchColumn[];
  readonly insertOnNoMatch: boolean;
  readonly replace: boolean;
}

export interface ListMergeRule extends MergeRule {
  readonly channels: readonly string[];
  readonly permission: 'I' | 'O';
  /** What the caller's data says for H, T, I and O. */
  readonly said: Readonly<Record<'H' | 'T' | 'I' | 'O', string>>;
}

type Given = Readonly<Record<string, unknown>>;

const listKeys = [
  'htmlValue',
  'textValue',
  'optinValue',
  'optoutValue',
  'insertOnNoMatch',
  'updateOnMatch',
  'matchColumnName1',
  'matchColumnName2',
  'matchColumnName3',
  'matchOperator',
  'rejectRecordIfChannelEmpty',
  'defaultPermissionStatus',
] as const;

const refuse = (detail: string): never => {
  throw new Refused('INVALID_PARAMETER', detail);
};

export function readListRule(value: unknown): ListMergeRule {
  const given = asObject(value, 'mergeRule');
  onlyKeys(given, 'mergeRule', listKeys);
  const keys = readKeys(given, (text) => (isMatchColumn(text) ? text : undefined));
  const operator = given['matchOperator'] ?? null;
  if (operator !== null && operator !== 'NONE' && operator !== 'AND')
    refuse('matchOperator must be NONE or AND');
  if (keys.length === 2 && operator !== 'AND') refuse('matchOperator must be AND with two match columns');
  const permission = given['defaultPermissionStatus'] ?? 'OPTOUT';
  if (permission !== 'OPTIN' && permission !== 'OPTOUT')
    refuse('defaultPermissionStatus must be OPTIN or OPTOUT');
  return {
    ...readCommon(given, keys),
    keys,
    channels: readChannels(given['rejectRecordIfChannelEmpty']),
    permission: permission === 'OPTIN' ? 'I' : 'O',
    said: {
      H: readText(given, 'htmlValue', 'H'),
      T: readText(given, 'textValue', 'T'),
      I: readText(given, 'optinValue', 'I'),
      O: readText(given, 'optoutValue', 'O'),
    },
  };
}

/** `given` is the whole body of a table merge. */
export function readTableRule(given: Given, naming: Config['petMatchColumn']): MergeRule {
  const both = ['matchColumn', 'matchColumnName1', 'matchColumnName2', 'matchColumnName3'];
  onlyKeys(given, 'the request', ['recordData', 'insertOnNoMatch', 'updateOnMatch', 'links', ...both]);
  const own: Given = naming === 'matchColumn' ? { matchColumnName1: given['matchColumn'] } : given;
  const keys = readKeys(own, (text) => {
    const column = `${String(text)}_`;
    return isMatchColumn(column) ? column : undefined;
  });
  return { ...readCommon(given, keys), keys };
}

function readKeys(given: Given, read: (text: unknown) => MatchColumn | undefined): readonly MatchColumn[] {
  // An unreadable first column is "null" to Responsys: the recorded words for a name in the wrong spelling.
  const first = read(given['matchColumnName1']) ?? refuse('Match Column is null');
  if ((given['matchColumnName3'] ?? null) !== null) refuse('matchColumnName3 must be null');
  const name = given['matchColumnName2'] ?? '';
  if (name === '') return [first];
  const second = read(name) ?? refuse(`matchColumnName2 must be one of ${matchColumns.join(', ')}`);
  if (second === first) refuse('The two match columns must differ');
  const pair = [first, second];
  if (pair.every(isHashColumn)) refuse('Two hash columns cannot be combined');
  if (pair.some(isHashColumn) && pair.includes('EMAIL_ADDRESS_'))
    refuse('A hash column cannot be combined with EMAIL_ADDRESS_');
  return pair;
}

function readCommon(given: Given, keys: readonly MatchColumn[]): Omit<MergeRule, 'keys'> {
  const { insertOnNoMatch, updateOnMatch } = given;
  if (typeof insertOnNoMatch !== 'boolean') return refuse('insertOnNoMatch must be true or false');
  if (updateOnMatch !== 'REPLACE_ALL' && updateOnMatch !== 'NO_UPDATE')
    return refuse('updateOnMatch must be REPLACE_ALL or NO_UPDATE');
  if (insertOnNoMatch && keys.some(isHashColumn))
    refuse('insertOnNoMatch must be false when matching on a hash column');
  return { insertOnNoMatch, replace: updateOnMatch === 'REPLACE_ALL' };
}

function readChannels(value: unknown): readonly string[] {
  if (value === null || value === undefined || value === '') return [];
  if (typeof value !== 'string') return refuse('rejectRecordIfChannelEmpty must be null or text');
  const codes = value.split(',').map((code) => code.trim());
  if (codes.some((code) => !Object.hasOwn(channelColumns, code)))
    refuse('rejectRecordIfChannelEmpty must be a comma-separated list of E, M and P');
  return codes;
}

function readText(given: Given, key: string, otherwise: string): string {
  const value = given[key] ?? null;
  if (value === null) return otherwise;
  return typeof value === 'string' ? value : refuse(`${key} must be text`);
}

/** The rule comes back as it was sent, null where it was silent. Source: reference §2.2, recorded traffic. */
export function echoRule(rule: object): object {
  const silent = {
    textValue: null,
    htmlValue: null,
    optinValue: null,
    insertOnNoMatch: null,
    updateOnMatch: null,
    matchColumnName1: null,
    matchColumnName2: null,
    matchOperator: null,
    optoutValue: null,
    rejectRecordIfChannelEmpty: null,
    defaultPermissionStatus: null,
    matchColumnName3: null,
  };
  return { ...silent, ...rule };
}
