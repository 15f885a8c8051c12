/** JSON of single values, as JSON.stringify writes it, which takes several times as long for a short text. */

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const toBeEscaped = /["\\\u0000-\u001f\ud800-\udfff]/;

export const jsonOf = (value: string | number | boolean): string =>
  typeof value === 'string' && !toBeEscaped.test(value) ? `"${value}"` : JSON.stringify(value);
