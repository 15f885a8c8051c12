/** HTML as a template: every value is escaped, unless it is HTML already. */

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** HTML that is safe to put into HTML. */
export interface Html {
  readonly html: string;
}

/** A template whose values are escaped, unless they are HTML already. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  const texts = values.map((value) => {
    if (typeof value === 'string' || typeof value === 'number') return escape(String(value));
    return 'html' in value ? value.html : value.map((item) => item.html).join('');
  });
  return { html: String.raw({ raw: parts }, ...texts) };
}

const escape = (text: string) => text.replace(/[&<>"']/g, (character) => escapes[character] ?? character);

/** `1 row`, `1,200 rows`. */
export const count = (n: number, one: string, many: string) =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
