/**
 * Holds what the sandbox has, and what it delivered, against what the jobs say: the demo ends well only when
 * the numbers add up.
 */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { MailOutcomes, ToldMails } from './campaign.ts';
import type { Generated, ImportSummary } from './import.ts';

type Row = Readonly<Record<string, string>>;

export interface Held {
  readonly members: number;
  readonly optedOut: number;
  /** Of the memberships table: who is said to be in, and who to have left. */
  readonly isMember: number;
  readonly hasLeft: number;
  readonly fieldsRows: number;
}

async function* rowsOf(url: string): AsyncGenerator<Row> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) throw new Error(`The sandbox answered ${response.status}.`);
  for await (const line of createInterface({ input: Readable.fromWeb(response.body) })) {
    if (line !== '') yield JSON.parse(line) as Row;
  }
}

/** @param login the sandbox's address */
export async function readHeld(
  login: string,
  names: {
    readonly list: string;
    readonly fields: string;
    readonly memberships: string;
    readonly column: string;
  },
): Promise<Held> {
  const held = { members: 0, optedOut: 0, isMember: 0, hasLeft: 0, fieldsRows: 0 };
  for await (const row of rowsOf(`${login}/_sandbox/lists/${names.list}`)) {
    held.members += 1;
    if (row['EMAIL_PERMISSION_STATUS_'] === 'O') held.optedOut += 1;
  }
  for await (const row of rowsOf(`${login}/_sandbox/tables/${names.list}/${names.memberships}`)) {
    if (row[names.column] === '1') held.isMember += 1;
    else held.hasLeft += 1;
  }
  for await (const row of rowsOf(`${login}/_sandbox/tables/${names.list}/${names.fields}`))
    held.fieldsRows += row['RIID_'] === undefined ? 0 : 1;
  return held;
}

/** What the sandbox holds, and how many members the ledger says it took and refused. */
export interface Told extends Held {
  readonly accepted: number;
  readonly rejected: number;
}

/** What does not add up, in words; empty when all does. */
export const differences = (expected: Told, found: Told): readonly string[] =>
  between(new Map(Object.entries(expected)), new Map(Object.entries(found)));

/** Counters of profiles, by the type of the events that they count. */
export const counters = {
  SENT: 'email_sent_ct',
  OPEN: 'email_open_ct',
  CLICK: 'email_click_ct',
  BOUNCE: 'email_bounce_ct',
  COMPLAINT: 'email_complaint_ct',
  OPT_IN: 'email_opt_in_ct',
  OPT_OUT: 'email_opt_out_ct',
  SMS_SENT: 'sms_sent_ct',
  SMS_DELIVERED: 'sms_open_ct',
  SMS_FAIL: 'sms_bounce_ct',
  SMS_OPT_IN: 'sms_opt_in_ct',
  SMS_OPT_OUT: 'sms_opt_out_ct',
} as const;

/**
 * What does not add up between the files, the job and the profiles: every row is an event or rejected.
 *
 * @param sums the counters of all profiles
 */
export function importDifferences(
  generated: Generated,
  { files, events }: ImportSummary,
  sums: ReadonlyMap<string, number>,
): readonly string[] {
  const types = Object.entries(generated.events);
  const counted = Object.entries(counters);
  return between(
    new Map([
      ['files imported', generated.files.length],
      ['rows', generated.rows],
      ['rejected rows', generated.badRows],
      ...types.map(([type, number]) => [`${type} events`, number] as const),
      ...counted.map(([type, name]) => [`${name} of all profiles`, generated.events[type] ?? 0] as const),
    ]),
    new Map([
      ['files imported', files.done],
      ['rows', events.total + events.known + events.rejected],
      ['rejected rows', events.rejected],
      ...types.map(([type]) => [`${type} events`, events.byType[type] ?? 0] as const),
      ...counted.map(([, name]) => [`${name} of all profiles`, sums.get(name) ?? 0] as const),
    ]),
  );
}

/** The addresses of the mails in the sandbox's outbox, one a mail. */
export async function readOutbox(login: string): Promise<readonly string[]> {
  const addresses: string[] = [];
  for await (const mail of rowsOf(`${login}/_sandbox/outbox`)) addresses.push(mail['email'] ?? '');
  return addresses;
}

/** What does not add up between the audience, the outbox, the files about it and what the job says. */
export function mailDifferences(
  addresses: readonly string[],
  members: number,
  { events: told }: ToldMails,
  { entered, triggered, events, addsUp }: MailOutcomes,
): readonly string[] {
  return between(
    new Map([
      ['entered', members],
      ['mails in the outbox', triggered],
      ['addresses that were mailed', addresses.length],
      ['mails that were sent', told['SENT'] ?? 0],
      ['mails that were skipped', told['SKIPPED'] ?? 0],
      ['fates that add up', 1],
    ]),
    new Map([
      ['entered', entered],
      ['mails in the outbox', addresses.length],
      ['addresses that were mailed', new Set(addresses).size],
      ['mails that were sent', (events['sent'] ?? 0) + (events['bounced'] ?? 0)],
      ['mails that were skipped', events['skipped'] ?? 0],
      ['fates that add up', addsUp ? 1 : 0],
    ]),
  );
}

const between = (
  expected: ReadonlyMap<string, number>,
  found: ReadonlyMap<string, number>,
): readonly string[] =>
  [...expected]
    .filter(([name, number]) => found.get(name) !== number)
    .map(([name, number]) => `${name}: expected ${number}, found ${found.get(name) ?? 0}`);
