/**
 * The event types that are generated: those of Lytics' mapping, and some that it has no counter for. For each
 * its columns and how many of a thousand rows it has. Source of the columns: reference §6.6; where it has
 * none (HOLDOUT_GROUP, SMS_OPEN, SMS_OPT_IN, SMS_OPT_OUT), those of the type's channel.
 */
const base = [
  ...(['EVENT_TYPE_ID', 'ACCOUNT_ID', 'LIST_ID', 'RIID', 'CUSTOMER_ID'] as const),
  ...(['EVENT_CAPTURED_DT', 'EVENT_STORED_DT', 'CAMPAIGN_ID', 'LAUNCH_ID'] as const),
] as const;
const sent = [
  ...base,
  ...(['EMAIL', 'EMAIL_ISP', 'EMAIL_FORMAT', 'OFFER_SIGNATURE_ID'] as const),
  ...(['DYNAMIC_CONTENT_SIGNATURE_ID', 'MESSAGE_SIZE', 'SEGMENT_INFO', 'CONTACT_INFO'] as const),
] as const;
const offer = ['OFFER_NAME', 'OFFER_NUMBER', 'OFFER_CATEGORY', 'OFFER_URL'] as const;
const sms = [
  'EVENT_UUID',
  ...base,
  ...(['PROGRAM_ID', 'AGGREGATOR_ID', 'COUNTRY_CODE', 'MOBILE_CODE', 'MOBILE_NUMBER'] as const),
] as const;
const smsCampaign = [...sms, 'MOBILE_CHANNEL', 'MOBILE_KEYWORD', 'OFFER_SIGNATURE_ID'] as const;

interface Layout {
  readonly columns: readonly string[];
  /** Of a thousand rows of all types. */
  readonly share: number;
  /** EVENT_TYPE_ID. Source: reference §6.6 for 1, 2, 4, 5, 7, 19 and 21; the others are invented. */
  readonly id: number;
}

export const layouts = {
  LAUNCH_STATE: {
    share: 4,
    id: 0,
    columns: [
      ...(['ACCOUNT_ID', 'LIST_ID', 'EVENT_CAPTURED_DT', 'EVENT_STORED_DT', 'CAMPAIGN_ID'] as const),
      ...(['LAUNCH_ID', 'EXTERNAL_CAMPAIGN_ID', 'SF_CAMPAIGN_ID', 'CAMPAIGN_NAME', 'LAUNCH_NAME'] as const),
      ...(['LAUNCH_STATUS', 'LAUNCH_TYPE', 'LAUNCH_CHARSET', 'PURPOSE', 'SUBJECT'] as const),
      ...(['DESCRIPTION', 'PRODUCT_CATEGORY', 'PRODUCT_TYPE', 'MARKETING_STRATEGY'] as const),
      ...(['MARKETING_PROGRAM', 'LAUNCH_ERROR_CODE', 'LAUNCH_STARTED_DT', 'LAUNCH_COMPLETED_DT'] as const),
    ],
  },
  SENT: { share: 420, id: 1, columns: sent },
  SKIPPED: { share: 8, id: 11, columns: [...sent, 'REASON'] },
  FAIL: { share: 6, id: 12, columns: [...sent, 'REASON'] },
  HOLDOUT_GROUP: { share: 10, id: 13, columns: base },
  BOUNCE: {
    share: 14,
    id: 2,
    columns: [
      ...base,
      ...([
        'EMAIL',
        'EMAIL_FORMAT',
        'BOUNCE_TYPE',
        'REASON',
        'REASON_CODE',
        'SUBJECT',
        'CONTACT_INFO',
      ] as const),
    ],
  },
  OPEN: { share: 230, id: 4, columns: [...base, 'EMAIL_FORMAT'] },
  CLICK: { share: 90, id: 5, columns: [...base, 'EMAIL_FORMAT', ...offer] },
  CONVERT: {
    share: 15,
    id: 19,
    columns: [
      ...base,
      ...(['SOURCE', 'EMAIL_FORMAT'] as const),
      ...offer,
      ...(['ORDER_ID', 'ORDER_TOTAL', 'ORDER_QUANTITY'] as const),
    ],
  },
  COMPLAINT: {
    share: 4,
    id: 14,
    columns: [
      ...base,
      ...(['EMAIL_FORMAT', 'REASON', 'EMAIL', 'EMAIL_ISP', 'COMPLAINER_EMAIL'] as const),
      ...(['SPAM_TYPE', 'CONTACT_INFO', 'COMPLAINT_DT'] as const),
    ],
  },
  OPT_IN: { share: 12, id: 21, columns: [...base, 'EMAIL_FORMAT', 'SOURCE', 'REASON', 'EMAIL'] },
  OPT_OUT: {
    share: 10,
    id: 7,
    columns: [...base, 'EMAIL_FORMAT', 'SOURCE', 'REASON', 'EMAIL', 'CONTACT_INFO'],
  },
  SMS_SENT: { share: 80, id: 401, columns: [...smsCampaign, 'MSG_SPLIT_COUNT', 'MESSAGE'] },
  SMS_DELIVERED: { share: 70, id: 402, columns: [...sms, 'STATUS_CODE'] },
  SMS_FAIL: { share: 6, id: 403, columns: [...smsCampaign, 'REASON'] },
  SMS_OPEN: { share: 8, id: 404, columns: sms },
  SMS_OPT_IN: { share: 8, id: 407, columns: sms },
  SMS_OPT_OUT: { share: 5, id: 408, columns: sms },
} as const satisfies Readonly<Record<string, Layout>>;

export type EventType = keyof typeof layouts;
export const eventTypes = Object.keys(layouts) as readonly EventType[];
