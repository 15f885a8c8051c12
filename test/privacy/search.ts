/**
 * Searches whatever a system shows of itself for canaries: values planted where personal data and secrets
 * stand. Pure; a canary is found in each form that a value takes on its way: in any case, escaped, encoded,
 * hashed, or in the midst of something longer.
 */
import { hash } from 'node:crypto';

export interface Canary {
  readonly name: string;
  /** Unlike anything else that is there. */
  readonly value: string;
}

export interface Source {
  readonly place: string;
  /** Text, bytes of text, or an object of any depth that has them. */
  readonly content: unknown;
}

export interface Find {
  readonly canary: string;
  readonly place: string;
  readonly form: string;
}

/** What is found of the canaries, once for each canary and place. */
export function findCanaries(canaries: readonly Canary[], sources: readonly Source[]): readonly Find[] {
  const sought = canaries.map(({ name, value }) => ({ canary: name, forms: formsOf(value) }));
  const findIn = (text: string): readonly Omit<Find, 'place'>[] =>
    sought.flatMap(({ canary, forms }) => {
      const found = forms.find(([, sign]) => text.includes(sign));
      return found === undefined ? [] : [{ canary, form: found[0] }];
    });
  // What a system shows again and again is searched once.
  const searched = new Map<string, ReturnType<typeof findIn>>();
  return sources.flatMap(({ place, content }) => {
    const text = textOf(content).toLowerCase();
    const finds = searched.get(text) ?? findIn(text);
    searched.set(text, finds);
    return finds.map((find) => ({ ...find, place }));
  });
}

/** A code of fewer characters stands somewhere by chance: a short value is looked for as it is written. */
const ownCode = 8;

/** All in lower case, as are the texts that they are looked for in. */
function formsOf(value: string): readonly (readonly [string, string])[] {
  const bytes = Buffer.from(value);
  const normalised = value.trim().toLowerCase();
  const codes = [
    ['hex', bytes.toString('hex')],
    ['MD5', hash('md5', normalised)],
    ['SHA-256', hash('sha256', normalised)],
    ...[0, 1, 2].flatMap((offset) => {
      const encoded = base64Within(bytes, offset);
      return [
        ['base64', encoded],
        ['base64url', encoded.replaceAll('+', '-').replaceAll('/', '_')],
      ] as const;
    }),
  ] as const;
  const forms = [
    ['as it is', value],
    ['in JSON', JSON.stringify(value).slice(1, -1)],
    ['URL-encoded', encodeURIComponent(value)],
    ['form-encoded', new URLSearchParams([['', value]]).toString().slice(1)],
    ...codes.filter(([, sign]) => sign.length >= ownCode),
  ] as const;
  return forms.map(([form, sign]) => [form, sign.toLowerCase()]);
}

/** What base64 makes of bytes that begin `offset` bytes after a whole group, without what their neighbours share in. */
function base64Within(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const wholeBits = (offset + bytes.length) * 8;
  return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(wholeBits / 6));
}

/** All texts within, names of properties included. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (typeof content === 'number' || typeof content === 'bigint') return String(content);
  if (content instanceof Uint8Array) return Buffer.from(content).toString('utf8');
  if (typeof content !== 'object' || content === null) return '';
  // An error's own words are not enumerable.
  const words = content instanceof Error ? [content.message, content.stack, content.cause] : [];
  return [...words.map(textOf), ...Object.entries(content).map(([name, value]) => `${name} ${textOf(value)}`)]
    .filter((text) => text !== '')
    .join('\n');
}
