/**
 * The columns of profile lists and extension tables: the system's own, with their types, and which of them
 * a merge may write. Source: reference §3.1 and §3.2.
 */

export const fieldTypes = [
  'STR25',
  'STR50',
  'STR100',
  'STR255',
  'STR500',
  'STR4000',
  'CHAR',
  'INTEGER',
  'NUMBER',
  'TIMESTAMP',
] as const;

export type FieldType = (typeof fieldTypes)[number];

export interface Field {
  readonly name: string;
  readonly type: FieldType;
}

const fieldsOf = (type: FieldType, names: string): readonly Field[] =>
  names.split(' ').map((name) => ({ name, type }));

/** The system columns of a profile list. */
export const listSystemFields: readonly Field[] = [
  ...fieldsOf('INTEGER', 'RIID_'),
  ...fieldsOf('STR255', 'CUSTOMER_ID_'),
  ...fieldsOf('STR500', 'EMAIL_ADDRESS_'),
  ...fieldsOf('STR255', 'EMAIL_DOMAIN_ EMAIL_ISP_'),
  ...fieldsOf('CHAR', 'EMAIL_FORMAT_ EMAIL_PERMISSION_STATUS_ EMAIL_DELIVERABILITY_STATUS_'),
  ...fieldsOf('STR255', 'EMAIL_PERMISSION_REASON_'),
  ...fieldsOf('STR50', 'EMAIL_MD5_HASH_'),
  ...fieldsOf('STR100', 'EMAIL_SHA256_HASH_'),
  ...fieldsOf('STR50', 'MOBILE_NUMBER_'),
  ...fieldsOf('STR25', 'MOBILE_COUNTRY_'),
  ...fieldsOf('CHAR', 'MOBILE_PERMISSION_STATUS_ MOBILE_DELIVERABILITY_STATUS_'),
  ...fieldsOf('STR255', 'MOBILE_PERMISSION_REASON_ POSTAL_STREET_1_ POSTAL_STREET_2_'),
  ...fieldsOf('STR50', 'CITY_ STATE_ COUNTRY_'),
  ...fieldsOf('STR25', 'POSTAL_CODE_'),
  ...fieldsOf('CHAR', 'POSTAL_PERMISSION_STATUS_ POSTAL_DELIVERABILITY_STATUS_'),
  ...fieldsOf('STR255', 'POSTAL_PERMISSION_REASON_ CREATED_SOURCE_IP_'),
  ...fieldsOf('TIMESTAMP', 'CREATED_DATE_ MODIFIED_DATE_'),
];

/** The system columns of an extension table; their types but RIID_'s are not shown by any source. */
export const tableSystemFields: readonly Field[] = [
  ...fieldsOf('INTEGER', 'RIID_ CREATED_BY_LOAD_JOB_ID_ LAST_MOD_BY_LOAD_JOB_ID_ LAST_BULK_LOAD_ID_'),
  ...fieldsOf('TIMESTAMP', 'CREATED_DATE_ MODIFIED_DATE_'),
];

/** What a record of a list may be matched on. Source: reference §2.1. */
export const matchColumns = [
  'RIID_',
  'CUSTOMER_ID_',
  'EMAIL_ADDRESS_',
  'MOBILE_NUMBER_',
  'EMAIL_MD5_HASH_',
  'EMAIL_SHA256_HASH_',
] as const;

export type MatchColumn = (typeof matchColumns)[number];

export const isMatchColumn = (name: unknown): name is MatchColumn =>
  (matchColumns as readonly unknown[]).includes(name);

export const isHashColumn = (name: string): boolean =>
  name === 'EMAIL_MD5_HASH_' || name === 'EMAIL_SHA256_HASH_';

/** The three permission columns: they are given the request's default status at an insert. */
export const permissionColumns = [
  'EMAIL_PERMISSION_STATUS_',
  'MOBILE_PERMISSION_STATUS_',
  'POSTAL_PERMISSION_STATUS_',
] as const;

/** Whether only Responsys writes the column. RIID_ and the hashes may still be given as match columns. */
export function isReadOnly(name: string): boolean {
  return (
    name === 'RIID_' ||
    isHashColumn(name) ||
    /^(EMAIL_DOMAIN_|EMAIL_ISP_|CREATED_SOURCE_IP_|CREATED_DATE_|MODIFIED_DATE_)$/.test(name) ||
    /_(PERMISSION_REASON|DELIVERABILITY_STATUS)_$/.test(name)
  );
}

/** The channels' address columns, by the code that `rejectRecordIfChannelEmpty` uses. */
export const channelColumns: Readonly<Record<string, string>> = {
  E: 'EMAIL_ADDRESS_',
  M: 'MOBILE_NUMBER_',
  P: 'POSTAL_CODE_',
};

/** The list columns that the query attributes of a read or delete stand for. Source: reference §2.5. */
export const queryAttributes: Readonly<Record<string, MatchColumn>> = {
  r: 'RIID_',
  e: 'EMAIL_ADDRESS_',
  c: 'CUSTOMER_ID_',
  m: 'MOBILE_NUMBER_',
  e_md5: 'EMAIL_MD5_HASH_',
  e_sha256: 'EMAIL_SHA256_HASH_',
};
