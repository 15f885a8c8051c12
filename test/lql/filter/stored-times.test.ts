/** Texts that are nearly times: SQL takes those alone that it reads, and fails at none. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { secondsOfText } from '../../../lql/filter/casts.ts';
import { openTestStore } from '../../harness/store.ts';

const { store, ...testStore } = await openTestStore();
after(() => testStore.close());

const form =
  /^(?!0000)(\d{4}-(?:0[1-9]|1[0-2])-)(0[1-9]|[12]\d|3[01])(T(?:[01]\d|2[0-3])(?::[0-5]\d){2})(?:\.\d+)?Z$/;

/** A day that the month lacks is one of the next month. */
function secondsOf(text: string): number | undefined {
  const [, month = '', day = '', clock = ''] = form.exec(text) ?? [];
  return month === ''
    ? undefined
    : Date.parse(`${month}01${clock}Z`) / 1_000 + (Number(day) - 1) * 24 * 60 * 60;
}

const twoDigits = fc.integer({ min: 0, max: 99 }).map((value) => String(value).padStart(2, '0'));
const time = fc
  .tuple(
    fc.constantFrom('2026', '0000', '0001', '9999', '1969'),
    ...[12, 31, 23, 59, 59].map((max) =>
      fc.oneof({ weight: 30, arbitrary: twoDigits.filter((text) => Number(text) <= max) }, twoDigits),
    ),
    fc.constantFrom('', '.0', '.999', '.123456789', '.', '.1a', ':00'),
  )
  .map(
    ([year, month, day, hour, minute, second, rest]) =>
      `${year}-${month}-${day}T${hour}:${minute}:${second}${rest}Z`,
  );
/** With a character changed, left out or put in. */
const nearlyTime = fc
  .tuple(
    time,
    fc.nat(30),
    fc.constantFrom(...Array.from('-:TZ. 0/Aé٣\n')),
    fc.constantFrom(0, 1, 1, 1),
    fc.boolean(),
  )
  .map(
    ([text, at, character, left, isKept]) =>
      text.slice(0, at) + (isKept ? character : '') + text.slice(at + left),
  );

test('A stored text is a time in one form alone, and nothing else is an error', async () => {
  const texts = fc.sample(fc.oneof(time, nearlyTime), 30_000);
  const { rows } = await store.query<{ seconds: string | null }>(
    `select ${secondsOfText('text')} as seconds from unnest($1::text[]) with ordinality as given (text, at) order by at`,
    [texts],
  );
  const read = rows.map(({ seconds }) => (seconds === null ? undefined : Number(seconds)));
  for (const [at, text] of texts.entries()) assert.equal(read[at], secondsOf(text), JSON.stringify(text));
  const times = read.filter((seconds) => seconds !== undefined).length;
  assert.ok(times > 3_000 && times < 25_000, `${times} of ${texts.length} are times`);
});
