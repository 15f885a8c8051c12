import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findCanaries } from './search.ts';

const values = fc.string({ unit: 'grapheme', minLength: 8, maxLength: 40 }).filter((text) => {
  // Shorter than this without its blanks, it could stand somewhere by chance.
  return text.isWellFormed() && text.trim().length >= 8;
});
const surroundings = fc.string({ unit: 'grapheme-ascii', maxLength: 20 });

const encodings: Readonly<Record<string, (text: string) => unknown>> = {
  'as it is': (text) => text,
  'in upper case': (text) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
  'in lower case': (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  bytes: (text) => Buffer.from(text),
  JSON: (text) => JSON.stringify({ text }),
  URL: (text) => encodeURIComponent(text),
  form: (text) => new URLSearchParams({ text }).toString(),
  base64: (text) => Buffer.from(text).toString('base64'),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  hex: (text) => Buffer.from(text).toString('hex'),
  'a payload, deep within': (text) => ({ failure: { cause: [{ data: Buffer.from(JSON.stringify(text)) }] } }),
  'the name of a property': (text) => ({ [text]: 1 }),
  'an error’s cause': (text) => new Error('refused', { cause: new Error(text) }),
};

for (const [name, encode] of Object.entries(encodings)) {
  test(`a canary is found in the midst of something: ${name}`, () => {
    fc.assert(
      fc.property(surroundings, values, surroundings, (before, value, after) => {
        const sources = [{ place: 'there', content: encode(before + value + after) }];
        const found = findCanaries([{ name: 'it', value }], sources);
        assert.deepEqual(
          found.map(({ canary, place }) => [canary, place]),
          [['it', 'there']],
        );
      }),
    );
  });
}

test('a short one is found as it is written, and in no code that stands somewhere by chance', () => {
  const canaries = [{ name: 'it', value: 'p§7w' }];
  const found = (content: string) =>
    findCanaries(canaries, [{ place: 'there', content }]).map(({ form }) => form);
  assert.deepEqual(found('postgres://someone:p§7w@host'), ['as it is']);
  assert.deepEqual(found('postgres://someone:p%C2%A77w@host'), ['URL-encoded']);
  const code = Buffer.from('p§7w').toString('base64').replaceAll('=', '');
  assert.deepEqual(found(`it is in ${code} as in any text`), []);
});

test('where it is not, it is not found', () => {
  const canaries = [{ name: 'it', value: 'ada-5f1c88e0b2' }];
  const content = { text: 'ada', list: ['5f1c88e0', Buffer.from('ada-5f1c88e0b')], none: null, number: 5 };
  assert.deepEqual(findCanaries(canaries, [{ place: 'there', content }]), []);
});

test('the bare hash of an address, trimmed and in lower case, is the address', () => {
  const canaries = [{ name: 'it', value: ' Ada@Example.com' }];
  const sources = [
    { place: 'MD5', content: 'id 3e3417d7ef77d5932a6734b916515ed5' },
    { place: 'SHA-256', content: 'B5FC85E55755F9E0D030A10AB4429B6B2944855F9A0D60077FE832BECBC41D72' },
  ];
  assert.deepEqual(
    findCanaries(canaries, sources).map(({ place, form }) => [place, form]),
    [
      ['MD5', 'MD5'],
      ['SHA-256', 'SHA-256'],
    ],
  );
});
