import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { audienceColumn, columnNameFault } from '../../jobs/column-name.ts';

const id = 'ab12cd34-0000-4000-8000-000000000000';
const free = (): boolean => false;

test('a plain name is its own column, in upper case with blanks as underscores', () => {
  assert.equal(audienceColumn('Newsletter readers', id, free), 'NEWSLETTER_READERS');
});

test('a name that had to be altered, is reserved or is taken ends in six digits of the id', () => {
  assert.equal(audienceColumn('Käufer', id, free), 'KAUFER_AB12CD');
  assert.equal(audienceColumn('Group', id, free), 'GROUP_AB12CD');
  assert.equal(
    audienceColumn('Buyers', id, (column) => column === 'BUYERS'),
    'BUYERS_AB12CD',
  );
  assert.equal(audienceColumn('90 days', id, free), 'A_90_DAYS_AB12CD');
  assert.equal(audienceColumn('A very long name of an audience', id, free), 'A_VERY_LONG_NAME_OF_AN__AB12CD');
});

test('whatever an audience is called, its column is legal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.uuid(), (name, audienceId) => {
      assert.equal(columnNameFault(audienceColumn(name, audienceId, free)), undefined);
    }),
  );
});
