/**
 * The account's e-mail campaigns, and what their messages may read.
 */

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
  /** NONE, DRAFT, ACTIVE or CLOSED. */
  readonly status: string;
}

/** A table or list whose columns a campaign's message may use. */
export interface DataSource {
  /** `/folder/name`, as the answer has it. */
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
  /** The campaign of this name, of whatever type; undefined where there is none. */
  campaign(name: string, signal?: AbortSignal): Promise<Campaign | undefined>;
  campaignDataSources(name: string, signal?: AbortSignal): Promise<readonly DataSource[]>;
}
