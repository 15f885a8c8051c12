/**
 * What stands in each column of an event file. Values whose form no source shows (states, reasons, types of a
 * launch, of a complaint and of a phone's carrier) are invented: do not build on them.
 */
import { hash } from 'node:crypto';
import type { Happening } from './happenings.ts';
import { layouts } from './types.ts';
import type { EventType } from './types.ts';

/** What an event says of its campaign. */
export interface ToldCampaign {
  readonly id: number;
  readonly name: string;
  readonly subject: string;
  readonly purpose: 'P' | 'T';
  readonly launchId: number;
}

export interface Told {
  readonly happening: Happening;
  /** One that is there; made up unless given. */
  readonly campaign?: ToldCampaign;
  /** Why, where that is not left to chance. */
  readonly reason?: string;
  readonly accountId: string;
  readonly listId: number;
  readonly seed: number;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number: number): string => String(number).padStart(2, '0');

/** `17-Mar-2021 09:16:48`, in UTC. Source: reference §6.4. */
export function eventTime(atMs: number): string {
  const at = new Date(atMs);
  const day = `${two(at.getUTCDate())}-${months[at.getUTCMonth()] ?? ''}-${at.getUTCFullYear()}`;
  return `${day} ${[at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(':')}`;
}

const campaigns = ['Spring', 'Members, first', 'Welcome', 'Shoes', 'Last call'] as const;
const offers = [
  { name: 'Banner', category: 'home', path: '' },
  { name: 'Running shoes', category: 'shoes', path: 'shoes/running?from=mail' },
  { name: 'Rain, and what to wear', category: 'coats', path: 'coats' },
  { name: 'Footer', category: 'help', path: 'help/contact' },
] as const;

const launchIdOf = ({ happening, seed, campaign }: Told): number =>
  campaign?.launchId ?? (1_000 + (seed % 9_000)) * 1_000_000_000 + happening.launch;
const campaignOf = ({ happening }: Told): number => happening.launch % campaigns.length;
const campaignName = (told: Told): string => told.campaign?.name ?? campaigns[campaignOf(told)] ?? '';
const offerOf = ({ happening }: Told) => offers[happening.link] ?? offers[0];
const domainOf = (email: string): string => email.slice(email.lastIndexOf('@') + 1).toLowerCase();
const emailOf = ({ happening }: Told): string => happening.person?.email ?? '';
const started = ({ happening }: Told): boolean => happening.number % 2 === 0;

/** Of Responsys' form, from what tells the event from others. */
function uuidOf({ happening: { type, number }, seed, accountId }: Told): string {
  const digits = hash('sha256', `${accountId} ${seed} ${type} ${number}`, 'hex');
  return [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(13, 16)}`, `a${digits.slice(17, 20)}`]
    .concat(digits.slice(20, 32))
    .join('-');
}

const sources: Readonly<Partial<Record<EventType, string>>> = { OPT_IN: 'FORM', OPT_OUT: 'EMAIL' };
const reasons: Readonly<Partial<Record<EventType, readonly string[]>>> = {
  SKIPPED: ['FREQUENCY_CAP', 'SUPPRESSED'],
  FAIL: ['TEMPLATE_ERROR'],
  BOUNCE: ['USER_NOT_FOUND', 'MAILBOX_FULL'],
  COMPLAINT: ['FEEDBACK_LOOP'],
  OPT_IN: ['SIGN_UP'],
  OPT_OUT: ['UNSUBSCRIBE_LINK'],
  SMS_FAIL: ['UNKNOWN_SUBSCRIBER', 'CARRIER_ERROR'],
};
const reasonOf = ({ happening: { type, number } }: Told): string => {
  const own = reasons[type] ?? [];
  return own[number % Math.max(own.length, 1)] ?? '';
};

type Column = (typeof layouts)[EventType]['columns'][number];

const valueOf: Readonly<Record<Column, (told: Told) => string | number>> = {
  EVENT_UUID: uuidOf,
  EVENT_TYPE_ID: ({ happening }) => layouts[happening.type].id,
  ACCOUNT_ID: ({ accountId }) => accountId,
  LIST_ID: ({ listId }) => listId,
  RIID: ({ happening }) => happening.person?.riid ?? '',
  // Source: reference §6.6: it is not filled there.
  CUSTOMER_ID: ({ happening }) => (happening.type === 'BOUNCE' ? '' : (happening.person?.customerId ?? '')),
  EVENT_CAPTURED_DT: ({ happening }) => eventTime(happening.atMs),
  EVENT_STORED_DT: ({ happening }) => eventTime(happening.atMs + 1_000 + (happening.number % 50) * 1_000),
  CAMPAIGN_ID: (told) => told.campaign?.id ?? 12_000 + campaignOf(told),
  LAUNCH_ID: launchIdOf,

  EMAIL: emailOf,
  EMAIL_ISP: (told) => domainOf(emailOf(told)),
  EMAIL_FORMAT: ({ happening }) => (happening.number % 20 === 0 ? 'T' : 'H'),
  // Source: reference §6.3: the word, and no blank.
  OFFER_SIGNATURE_ID: () => 'null',
  DYNAMIC_CONTENT_SIGNATURE_ID: () => '',
  MESSAGE_SIZE: ({ happening }) => 20_000 + (happening.number % 977),
  SEGMENT_INFO: ({ happening }) => (happening.number % 3 === 0 ? 'Regulars' : ''),
  CONTACT_INFO: emailOf,
  REASON: (told) => told.reason ?? reasonOf(told),
  REASON_CODE: ({ happening }) => (happening.number % 2 === 0 ? '5.1.1' : '4.2.2'),
  BOUNCE_TYPE: ({ happening }) => (happening.number % 2 === 0 ? 'H' : 'S'),
  SUBJECT: (told) => told.campaign?.subject ?? `${campaignName(told)}: what is new, and what is left`,
  SOURCE: ({ happening }) => sources[happening.type] ?? 'WEB',
  COMPLAINER_EMAIL: emailOf,
  SPAM_TYPE: () => 'abuse',
  COMPLAINT_DT: ({ happening }) => eventTime(happening.atMs),

  OFFER_NAME: (told) => offerOf(told).name,
  OFFER_NUMBER: ({ happening }) => happening.link + 1,
  OFFER_CATEGORY: (told) => offerOf(told).category,
  OFFER_URL: (told) => `https://shop.example/${offerOf(told).path}`,
  ORDER_ID: ({ happening, seed }) => `O${seed}-${happening.number + 1}`,
  ORDER_TOTAL: ({ happening }) => (5 + (happening.number % 400) / 4).toFixed(2),
  ORDER_QUANTITY: ({ happening }) => 1 + (happening.number % 3),

  EXTERNAL_CAMPAIGN_ID: () => '',
  SF_CAMPAIGN_ID: () => '',
  CAMPAIGN_NAME: campaignName,
  LAUNCH_NAME: (told) => `${campaignName(told)} ${launchIdOf(told)}`,
  LAUNCH_STATUS: (told) => (started(told) ? 'S' : 'C'),
  LAUNCH_TYPE: () => 'S',
  LAUNCH_CHARSET: () => 'UTF-8',
  PURPOSE: ({ campaign }) => campaign?.purpose ?? 'P',
  DESCRIPTION: () => '',
  PRODUCT_CATEGORY: () => '',
  PRODUCT_TYPE: () => '',
  MARKETING_STRATEGY: () => 'Retention',
  MARKETING_PROGRAM: () => '',
  LAUNCH_ERROR_CODE: () => '',
  LAUNCH_STARTED_DT: ({ happening }) => eventTime(happening.atMs),
  LAUNCH_COMPLETED_DT: (told) => (started(told) ? '' : eventTime(told.happening.atMs)),

  PROGRAM_ID: () => -1,
  AGGREGATOR_ID: () => 7,
  COUNTRY_CODE: () => 'US',
  MOBILE_CODE: () => '55555',
  MOBILE_NUMBER: ({ happening }) => happening.person?.mobile ?? '',
  MOBILE_CHANNEL: () => 'SMS',
  MOBILE_KEYWORD: () => 'JOIN',
  MSG_SPLIT_COUNT: () => 1,
  MESSAGE: (told) => `${campaignName(told)} starts today. Reply STOP to leave`,
  STATUS_CODE: () => 0,
};

/** The cells of an event's row, in the order of its type's columns. */
export const cellsOf = (told: Told): readonly string[] =>
  layouts[told.happening.type].columns.map((column) => String(valueOf[column](told)));
