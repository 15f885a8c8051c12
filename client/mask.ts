/**
 * Personal data as it may be seen over a shoulder: enough to tell two apart, not enough to know whose it is.
 */

/** `ann@example.com` becomes `a…@e…`, any other text its first character and an ellipsis. */
export function mask(text: string): string {
  const [local = '', domain] = text.split('@');
  const first = (part: string): string =>
    part === '' ? '' : `${String.fromCodePoint(part.codePointAt(0) ?? 0)}…`;
  return domain === undefined ? first(text) : `${first(local)}@${first(domain)}`;
}
