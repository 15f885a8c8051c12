/** Whom the generated events are about: records of a profile list, or people who are made up. */
import type { ProfileList } from '../catalog.ts';
import { Refused } from '../errors.ts';
import type { Storage } from '../storage.ts';

export interface EventPerson {
  readonly riid: number;
  /** Empty where the record has none. */
  readonly customerId: string;
  readonly email: string;
  readonly mobile: string;
}

/** Held in memory: of a larger list, the oldest records. */
const maxPeople = 200_000;

/** @throws Refused RECORD_NOT_FOUND where the list is empty */
export function peopleOf(storage: Storage, list: ProfileList): readonly EventPerson[] {
  const rows = storage
    .prepare(
      `SELECT "RIID_" AS riid, "CUSTOMER_ID_" AS customer, "EMAIL_ADDRESS_" AS email, "MOBILE_NUMBER_" AS mobile
         FROM ${list.sql} ORDER BY "RIID_" LIMIT ${maxPeople}`,
    )
    .all();
  if (rows.length === 0)
    throw new Refused(
      'RECORD_NOT_FOUND',
      `The list ${list.name} is empty: export an audience to it first, or name a number of people to make up (madeUpPeople)`,
    );
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return rows.map(({ riid, customer, email, mobile }) => ({
    riid: Number(riid),
    customerId: text(customer),
    email: text(email),
    mobile: text(mobile) === '' ? fictionalNumber(Number(riid)) : text(mobile),
  }));
}

/** Their RIIDs are below those that the sandbox gives. */
export const madeUpPeople = (count: number): readonly EventPerson[] =>
  Array.from({ length: count }, (_, at) => ({
    riid: 1_000_000 + at,
    customerId: at % 3 === 0 ? '' : `C${1_000_000 + at}`,
    email: `visitor${at + 1}@example.com`,
    mobile: fictionalNumber(at),
  }));

/** Of the area that no telephone has. */
const fictionalNumber = (of: number): string => `1555${String(of % 10_000_000).padStart(7, '0')}`;
