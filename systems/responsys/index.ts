/**
 * Responsys, as the rest of this project sees it. What is odd about the service is known in this folder and
 * nowhere else.
 */
import { createTable, readListFields, readLists, readRateLimits, readTables, readUser } from './catalogue.ts';
import type { Column, ExtensionTable, ProfileList, RateLimit } from './catalogue.ts';
import type { AuthorizationVersion } from './budget.ts';
import { openCampaigns } from './campaigns.ts';
import type { Campaigns } from './campaigns.ts';
import { openConnection } from './connection.ts';
import type { Connection, ConnectionOptions } from './connection.ts';
import { functionsOfAccount } from './functions.ts';
import type { Caller, Governors } from './governor.ts';
import { openMerges, rememberMatchForm } from './merges.ts';
import type { Merges } from './merges.ts';
import { readRecords } from './read.ts';
import type { ReadBack, ReadRecord } from './read.ts';
import { triggerEmail } from './trigger.ts';
import type { Triggers } from './trigger.ts';

export type { Campaign, Campaigns, DataSource } from './campaigns.ts';
export type { ExtensionTable, ProfileList } from './catalogue.ts';
export { assumedCallsPerMinute, limitsByFunction } from './functions.ts';
export type { ResponsysFunction } from './functions.ts';
export { normaliseEndpointUri } from './endpoint.ts';
export { ResponsysError } from './errors.ts';
export { openGovernors } from './governor.ts';
export type { Caller, Governor, Governors } from './governor.ts';
export type { AccountFunction, AuthorizationVersion, Budget, Limited, SlotAsk } from './budget.ts';
export { errorOfRefusal, refusalOfLogin } from './login.ts';
export type { LoginGuard, LoginRefusal } from './login.ts';
export type { MergeResult } from './merge.ts';
export type { ReadRecord } from './read.ts';
export type { Merges } from './merges.ts';
export { rehearseMerges, rehearseTriggers } from './rehearsal.ts';
export type { RehearsedRequest } from './rehearsal.ts';
export type { RowOutcome } from './row-outcome.ts';
export type { TriggerOutcome } from './trigger-outcome.ts';
export type { TriggerRecipient, TriggerResult, Triggers } from './trigger.ts';

export interface LoggedIn {
  /** The origin that later calls go to. */
  readonly endPoint: string;
  /** Milliseconds since 1970, by Responsys' clock. */
  readonly issuedAt: number;
}

/** Every call but a trigger throws ResponsysError; the rows of a merge have their own fates. */
export interface Responsys extends Merges, Campaigns, Triggers {
  /** The same connection, its calls in the name and lane of this caller. */
  as(caller: Caller): Responsys;
  /** A new login by password: whether the account takes it. Later calls use it. */
  logIn(signal?: AbortSignal): Promise<LoggedIn>;
  user(signal?: AbortSignal): Promise<{ readonly accountName: string; readonly userName: string }>;
  lists(signal?: AbortSignal): Promise<readonly ProfileList[]>;
  listFields(list: string, signal?: AbortSignal): Promise<readonly Column[]>;
  extensionTables(list: string, signal?: AbortSignal): Promise<readonly ExtensionTable[]>;
  createExtensionTable(
    list: string,
    table: { readonly name: string; readonly folder: string; readonly fields: readonly Column[] },
    signal?: AbortSignal,
  ): Promise<void>;
  rateLimits(signal?: AbortSignal): Promise<readonly RateLimit[]>;
  /** Those of the members that are in the list. */
  readListMembers(list: string, ask: ReadBack, signal?: AbortSignal): Promise<readonly ReadRecord[]>;
  /** The rows of those of the members that are in the table. */
  readTableMembers(
    list: string,
    table: string,
    ask: ReadBack,
    signal?: AbortSignal,
  ): Promise<readonly ReadRecord[]>;
}

/** Makes no call before the first is asked for. */
export function connectResponsys(options: ConnectionOptions): Responsys {
  const matchForm = rememberMatchForm();
  const over = (connection: Connection): Responsys => ({
    as: (caller) =>
      over({ ...connection, call: (request, signal) => connection.call({ ...request, caller }, signal) }),
    logIn: async (signal) => {
      // Without the token: it is no business of anybody else's.
      const { endPoint, issuedAt } = await connection.logIn(signal);
      return { endPoint, issuedAt };
    },
    user: (signal) => readUser(connection, signal),
    lists: (signal) => readLists(connection, signal),
    listFields: (list, signal) => readListFields(connection, list, signal),
    extensionTables: (list, signal) => readTables(connection, list, signal),
    createExtensionTable: (list, table, signal) => createTable(connection, list, table, signal),
    rateLimits: (signal) => readRateLimits(connection, signal),
    readListMembers: (list, ask, signal) => readRecords(connection, { list }, ask, signal),
    readTableMembers: (list, table, ask, signal) => readRecords(connection, { list, table }, ask, signal),
    ...openMerges(connection, matchForm),
    ...openCampaigns(connection),
    triggerEmail: (campaign, recipients, signal) => triggerEmail(connection, campaign, recipients, signal),
  });
  return over(openConnection(options));
}

/** A connection whose calls wait in the lines of the account that it turns out to log in to. */
export function connectGoverned(
  options: Omit<ConnectionOptions, 'governor'>,
  authorization: AuthorizationVersion,
  governors: Governors,
): Responsys {
  const governor = governors.of(authorization, {
    accountName: async () => (await responsys.user()).accountName,
    limits: async () => functionsOfAccount(await responsys.rateLimits()),
  });
  const responsys = connectResponsys({ ...options, governor });
  return responsys;
}
