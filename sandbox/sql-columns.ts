/**
 * How a list's field is written in SQL. What Responsys derives from the e-mail address is not kept but made
 * when it is read, so that an insert stays small. Names are always quoted, and were checked against a pattern
 * without quotes when they were made.
 */

const derived: Readonly<Record<string, string>> = {
  EMAIL_DOMAIN_: 'email_domain("EMAIL_ADDRESS_")',
  EMAIL_ISP_: 'email_domain("EMAIL_ADDRESS_")',
  EMAIL_MD5_HASH_: 'email_md5("EMAIL_ADDRESS_")',
  EMAIL_SHA256_HASH_: 'email_sha256("EMAIL_ADDRESS_")',
  EMAIL_DELIVERABILITY_STATUS_: `(CASE WHEN "EMAIL_ADDRESS_" IS NULL THEN NULL
     WHEN "EMAIL_ADDRESS_" IN (SELECT email FROM undeliverable) THEN 'U' ELSE 'D' END)`,
};

export const isDerived = (name: string): boolean => Object.hasOwn(derived, name);

/** The expression that reads the field. */
export const readsField = (name: string): string => derived[name] ?? `"${name}"`;

/** The condition that the field has the value of one parameter. Hashes are in lower case. */
export const fieldEquals = (name: string): string =>
  isDerived(name) ? `${readsField(name)} = lower(?)` : `"${name}" = ?`;

/**
 * The definition of the field's column. E-mail addresses compare without regard to case (an assumption: no
 * source says).
 */
export function definesField(name: string): string {
  if (name === 'RIID_') return '"RIID_" INTEGER PRIMARY KEY';
  return name === 'EMAIL_ADDRESS_' ? `"${name}" TEXT COLLATE NOCASE` : `"${name}" TEXT`;
}
