/**
 * What files are asked for: of the control API, and of `npm run sandbox -- files`.
 */
import { z } from 'zod';
import { layersOf } from './packaging.ts';
import { eventTypes } from './types.ts';
import type { EventType } from './types.ts';

const day = z.iso.date('is no day of the calendar such as 2026-01-31');
const ending = z.string().regex(/^\.[A-Za-z0-9]+$/, 'is no ending of a file such as .ready');

/** How files are delivered, whatever is in them. */
const formShape = {
  /** With which the names begin. */
  accountId: z
    .union([z.string(), z.number()])
    .transform(String)
    .pipe(z.string().regex(/^\d{1,19}$/, 'is no account id: it is a number'))
    .default('1234'),
  /** One character or several. */
  delimiter: z
    .string()
    .min(1)
    .max(8)
    .regex(/^[^"\r\n\0]*$/, 'has a quote or a line end, which no delimiter can have')
    .default(','),
  /** Layers from the inside out with a + between, such as `zip+pgp`; the files take turns. */
  packagings: z
    .array(
      z.string().refine((text) => layersOf(text) !== undefined, {
        error: ({ input }) =>
          `${JSON.stringify(input)} is no packaging: plain, or gzip, zip, pgp, pgp-armored with a + between`,
      }),
    )
    .min(1)
    .default(['plain']),
  /** A PGP key, armored or in base64. */
  publicKey: z.string().optional(),
  /** A file of this ending beside each says that it is whole. */
  marker: ending.optional(),
  /** A file of this ending beside each has the number of its rows. */
  count: ending.optional(),
  /** Below the served folder. */
  folder: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/, 'is no folder such as download')
    .default('download'),
};

const keyFault = { path: ['publicKey'], error: 'is needed by the packaging pgp' };
const hasItsKey = (request: { packagings: readonly string[]; publicKey?: string | undefined }): boolean =>
  request.publicKey !== undefined || !request.packagings.some((text) => text.includes('pgp'));

export const filesRequestSchema = z
  .strictObject({
    ...formShape,
    /** Of all files together. */
    rows: z.number().int().min(1).max(20_000_000).default(10_000),
    /** The same seed, settings and people give the same rows. */
    seed: z.number().int().min(0).max(0xffff_ffff).default(1),
    /** One file a type and day. */
    days: z.number().int().min(1).max(366).default(1),
    /** Yesterday unless given. */
    lastDay: day.optional(),
    types: z
      .array(z.enum(eventTypes as [EventType, ...EventType[]]))
      .min(1)
      .default([...eventTypes]),
    /** Whose records the events are about. */
    list: z.string().default('CONTACTS_LIST'),
    /** So many people who are in no list, in the place of the list's. */
    madeUpPeople: z.number().int().min(1).max(200_000).optional(),
    /** How many of the rows cannot be read. */
    badRows: z.number().int().min(0).default(0),
  })
  .superRefine((request, context) => {
    const fault = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    const types = new Set(request.types).size;
    if (request.rows < types) fault('rows', `is less than one row for each of the ${types} types`);
    if (request.badRows > request.rows) fault('badRows', 'is more than there are rows');
  })
  .refine(hasItsKey, keyFault);

export type FilesRequest = z.output<typeof filesRequestSchema>;

const percent = z.number().min(0).max(100);

/** What the mails of the outbox are told of with. */
export const mailFilesRequestSchema = z
  .strictObject({
    ...formShape,
    /** Chance is the same for the same seed and mail. */
    seed: z.number().int().min(0).max(0xffff_ffff).default(1),
    /** Of all that are not skipped, in percent. */
    failed: percent.default(0),
    /** Of those that are sent. */
    bounced: percent.default(2),
    /** Of those that arrive. */
    opened: percent.default(50),
    /** Of those that are opened. */
    clicked: percent.default(30),
  })
  .refine(hasItsKey, keyFault);

export type MailFilesRequest = z.output<typeof mailFilesRequestSchema>;
