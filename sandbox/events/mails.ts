/**
 * Event files of what really happened here: of each mail in the outbox that it was sent, skipped or failed, and
 * by chance that it came back, was opened and clicked. Each mail is told of once, in all its events, whatever
 * is written later; a kill in the midst may have it told again, in the same rows.
 */
import { join } from 'node:path';
import { untoldMails } from '../outbox.ts';
import type { Mail } from '../outbox.ts';
import type { Sandbox } from '../sandbox.ts';
import { openChance } from './chance.ts';
import type { Chance } from './chance.ts';
import { cellsOf } from './columns.ts';
import type { Told, ToldCampaign } from './columns.ts';
import { writeEventFile } from './files.ts';
import type { WrittenFile } from './files.ts';
import { readPublicKey } from './packaging.ts';
import type { MailFilesRequest } from './request.ts';
import { eventTypes, layouts } from './types.ts';
import type { EventType } from './types.ts';

export interface ToldMails {
  /** As an SFTP client names it. */
  readonly folder: string;
  readonly mails: number;
  readonly rows: number;
  /** By type. */
  readonly events: Readonly<Partial<Record<EventType, number>>>;
  readonly files: readonly (WrittenFile & { readonly type: EventType; readonly packaging: string })[];
}

const dayMs = 24 * 60 * 60_000;

/** One after the other, so that no two tell of the same mail. */
const turns = new WeakMap<Sandbox, Promise<unknown>>();

/** @throws Refused when the key will not do */
export function tellMails(sandbox: Sandbox, request: MailFilesRequest): Promise<ToldMails> {
  const told = (turns.get(sandbox) ?? Promise.resolve()).then(() => tell(sandbox, request));
  turns.set(
    sandbox,
    told.catch(() => undefined),
  );
  return told;
}

async function tell(sandbox: Sandbox, request: MailFilesRequest): Promise<ToldMails> {
  const { storage } = sandbox.context;
  const { accountId, seed, packagings } = request;
  const publicKey = request.publicKey === undefined ? undefined : await readPublicKey(request.publicKey);
  const mails = untoldMails(storage);
  const chance = openChance(seed);
  const launches = newLaunches(sandbox, mails);
  const told = [...launches.map(toldLaunch), ...mails.flatMap((mail) => eventsOf(mail, chance, request))].map(
    (event): Told => ({ ...event, accountId, seed }),
  );
  const byType = Map.groupBy(told, ({ happening }) => happening.type);

  const stamp = nextStamp(sandbox);
  const files: ToldMails['files'][number][] = [];
  for (const type of eventTypes) {
    const events = byType.get(type);
    if (events === undefined) continue;
    const packaging = packagings[files.length % packagings.length] ?? 'plain';
    const written = await writeEventFile(
      { accountId, type, stamp, columns: layouts[type].columns, rows: events.map(cellsOf) },
      { ...request, folder: join(sandbox.files.path, request.folder), packaging, publicKey },
    );
    files.push({ ...written, type, packaging });
  }
  storage.transaction(() => {
    const mark = storage.prepare('UPDATE outbox SET told = 1 WHERE id = ?');
    for (const { id } of mails) mark.run(id);
    const note = storage.prepare('INSERT OR IGNORE INTO told_launches (launch_id) VALUES (?)');
    for (const mail of launches) note.run(campaignOf(mail).launchId);
  });
  return {
    folder: `/${request.folder}`,
    mails: mails.length,
    rows: told.length,
    events: Object.fromEntries(Array.from(byType, ([type, events]) => [type, events.length])),
    files,
  };
}

type Event = Omit<Told, 'accountId' | 'seed'>;

/** Seconds pass between a mail and what becomes of it, so that none is told of what is to come. */
function eventsOf(mail: Mail, chance: Chance, request: MailFilesRequest): readonly Event[] {
  const event = (type: EventType, afterMs: number, reason?: string): Event =>
    toldEvent(mail, type, mail.atMs + afterMs, chance('link', mail.id), reason);
  if (mail.skipped !== null) return [event('SKIPPED', 0, mail.skipped)];
  const happens = (what: string, percent: number): boolean => chance(what, mail.id) % 10_000 < percent * 100;
  if (happens('failed', request.failed)) return [event('FAIL', 0)];
  const sent = event('SENT', 0);
  if (happens('bounced', request.bounced)) return [sent, event('BOUNCE', 1_000)];
  if (!happens('opened', request.opened)) return [sent];
  const opened = event('OPEN', 1_000);
  return happens('clicked', request.clicked) ? [sent, opened, event('CLICK', 2_000)] : [sent, opened];
}

/** A mail's launch is its campaign's of that day. */
const campaignOf = ({ campaignId, campaign, subject, purpose, atMs }: Mail): ToldCampaign => ({
  ...{ id: campaignId, name: campaign, subject, purpose: purpose === 'TRANSACTIONAL' ? 'T' : 'P' },
  launchId: campaignId * 100_000 + Math.floor(atMs / dayMs),
});

function toldEvent(mail: Mail, type: EventType, atMs: number, link: number, reason?: string): Event {
  const { riid, email, customerId } = mail;
  const person = { riid, email, customerId, mobile: '' };
  return {
    happening: { type, number: mail.id, person, launch: 0, atMs, link: link % 4 },
    campaign: campaignOf(mail),
    listId: 1_000 + mail.listId,
    ...(reason === undefined ? {} : { reason }),
  };
}

/** A mail of each launch that no file has told of yet. */
function newLaunches({ context }: Sandbox, mails: readonly Mail[]): readonly Mail[] {
  const known = context.storage.prepare('SELECT 1 FROM told_launches WHERE launch_id = ?');
  const first = new Map(mails.toReversed().map((mail) => [campaignOf(mail).launchId, mail]));
  return [...first].flatMap(([launchId, mail]) => (known.get(launchId) === undefined ? [mail] : []));
}

/** That it has started: the launch of a triggered campaign does not end with a mail. */
function toldLaunch(mail: Mail): Event {
  const { happening, ...event } = toldEvent(mail, 'LAUNCH_STATE', mail.atMs, 0);
  return { ...event, happening: { ...happening, number: 0, person: undefined } };
}

/** Of each writing another, by the second, so that no file takes the place of one before it. */
function nextStamp({ context: { storage } }: Sandbox): Date {
  const lastMs = Number(storage.setting('mail_files_stamp_ms') ?? 0);
  const stampMs = Math.max(Math.floor(Date.now() / 1_000) * 1_000, lastMs + 1_000);
  storage.setSetting('mail_files_stamp_ms', String(stampMs));
  return new Date(stampMs);
}
