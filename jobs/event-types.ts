/**
 * Responsys' event types that are activity in a channel, as the stream calls them: the file's type in lower
 * case. Every other type (push, web push, MMS, programs, launches, forms, hold-out groups) has no channel of
 * its own: it goes into the stream and touches no activity. Source: Responsys' Contact Event Data layouts.
 */

export type Channel = 'email' | 'sms';

export const eventsOfChannel = {
  email: ['sent', 'skipped', 'fail', 'bounce', 'open', 'click', 'convert', 'complaint', 'opt_in', 'opt_out'],
  sms: [
    'sms_sent',
    'sms_delivered',
    'sms_fail',
    'sms_skipped',
    'sms_received',
    'sms_click',
    'sms_open',
    'sms_convert',
    'sms_opt_in',
    'sms_opt_out',
  ],
} as const satisfies Readonly<Record<Channel, readonly string[]>>;
