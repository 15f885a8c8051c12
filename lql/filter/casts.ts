/**
 * SQL that takes a stored value for what its field's type says. What is stored otherwise gives null, and never
 * an error: every cast stands behind a test of the form.
 */

/** Of a text, what it says; of all else, its JSON. */
export const wholeText = (json: string): string => `(${json} #>> '{}')`;

export const textOfJson = (json: string): string =>
  `(case jsonb_typeof(${json}) when 'string' then ${wholeText(json)} end)`;

/** Whole numbers beyond 53 bits are stored as decimal text. */
export const numberOfJson = (json: string): string =>
  `(case jsonb_typeof(${json}) when 'number' then (${json})::numeric when 'string' then ${numberOfText(wholeText(json))} end)`;

export const truthOfJson = (json: string): string =>
  `(case jsonb_typeof(${json}) when 'boolean' then (${json})::boolean end)`;

/** Seconds since 1970, of ISO text in UTC or of milliseconds. @param text where it is at hand */
export const secondsOfJson = (json: string, text = wholeText(json)): string =>
  `(case jsonb_typeof(${json}) when 'string' then ${secondsOfText(text)} when 'number' then floor((${json})::numeric / 1000) end)`;

export const ofJsonType = (json: string, type: 'array' | 'object'): string =>
  `(case jsonb_typeof(${json}) when '${type}' then ${json} end)`;

export const numberOfText = (sql: string): string =>
  `(case when length(${sql}) <= 400 and ${sql} ~* '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[+-]?[0-9]{1,3})?$' then (${sql})::numeric end)`;

/** As Lytics' engine reads a text beside a number: signs of currency, commas and blanks do not count. */
export const amountOfText = (sql: string): string =>
  numberOfText(`regexp_replace(${sql}, '[$,£€ ]', '', 'g')`);

export const truthOfText = (sql: string): string =>
  `(case when ${sql} in ('1', 't', 'T', 'TRUE', 'true', 'True') then true when ${sql} in ('0', 'f', 'F', 'FALSE', 'false', 'False') then false end)`;

/**
 * Whether it is a time that PostgreSQL reads, but for days that a month lacks. In the place of one regular
 * expression, which is built anew for every text and takes three times as long.
 */
function isIsoText(sql: string): string {
  const digits = `replace(replace(replace(left(${sql}, 19), '-', ''), 'T', ''), ':', '')`;
  const part = (from: number, length: number): string => `substr(${sql}, ${from}, ${length}) collate "C"`;
  return [
    `${sql} like '____-__-__T__:__:__%Z'`,
    `length(${digits}) = 14`,
    `${digits} !~ '[^0-9]'`,
    `${part(1, 4)} <> '0000'`,
    `${part(6, 2)} between '01' and '12'`,
    `${part(9, 2)} between '01' and '31'`,
    `${part(12, 2)} <= '23'`,
    `${part(15, 1)} <= '5'`,
    `${part(18, 1)} <= '5'`,
    `(length(${sql}) = 20 or substr(${sql}, 20) ~ '^[.][0-9]+Z$')`,
  ].join(' and ');
}

/** The day is counted from the month's first: the 30th of February is no error here. */
export const secondsOfText = (sql: string): string =>
  `(case when ${isIsoText(sql)} then extract(epoch from (left(${sql}, 8) || '01' || substr(${sql}, 11, 9) || 'Z')::timestamptz) + 86400 * (substr(${sql}, 9, 2)::int - 1) end)`;

/**
 * Whether any element of a JSON array passes the test; null where it is no array.
 * @param name of the elements' table, where one test stands within another
 */
export const anyElement = (json: string, test: (element: string) => string, name = 'e'): string =>
  `(case jsonb_typeof(${json}) when 'array' then exists (select from jsonb_array_elements(${json}) as ${name} (e) where ${test(`${name}.e`)}) end)`;

/** The elements of a JSON array as texts; null where it is no array. */
export const textsOfJson = (json: string): string =>
  `(case jsonb_typeof(${json}) when 'array' then array(select jsonb_array_elements_text(${json})) end)`;

/** The same as one text, which costs less than to join the array. */
export const joinedTextsOfJson = (json: string, separator: string): string =>
  `(case jsonb_typeof(${json}) when 'array' then (select coalesce(string_agg(e.e, ${separator}), '') from jsonb_array_elements_text(${json}) as e (e)) end)`;

/** The text of a JSON scalar: a number in its shortest form. */
export const plainText = (json: string): string =>
  `(case jsonb_typeof(${json}) when 'number' then trim_scale((${json})::numeric)::text else ${wholeText(json)} end)`;
