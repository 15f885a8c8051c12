import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timeReader } from '../../../activities/importing/event-time.ts';

const utc = timeReader('UTC');
const at = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();

test('the times of event files are read in any letter case, as UTC', () => {
  for (const text of ['17-Mar-2021 09:16:48', '17-MAR-2021 09:16:48', ' 17-mar-2021 09:16:48 '])
    assert.equal(at(utc(text)), '2021-03-17T09:16:48.000Z');
});

test('ISO times are read, with a zone or without', () => {
  assert.equal(at(utc('2021-03-17T09:16:48.5Z')), '2021-03-17T09:16:48.500Z');
  assert.equal(at(utc('2021-03-17 09:16')), '2021-03-17T09:16:00.000Z');
  assert.equal(at(utc('2021-03-17T09:16:48-0800')), '2021-03-17T17:16:48.000Z');
  assert.equal(at(utc('2021-03-17')), '2021-03-17T00:00:00.000Z');
});

test('what is no time of the calendar is none', () => {
  for (const text of [
    '',
    'null',
    '30-Feb-2021 00:00:00',
    '17-Mrz-2021 09:16:48',
    '17-Mar-2021 24:00:00',
    '2021-13-01',
    '03/17/2021 09:16:48',
    '17-Mar-2021',
    '2021-03-17T09:60',
  ])
    assert.equal(utc(text), undefined, text);
});

test('a configured zone holds on both sides of a change of the clocks', () => {
  const newYork = timeReader('America/New_York');
  assert.equal(at(newYork('14-Mar-2021 01:59:59')), '2021-03-14T06:59:59.000Z');
  assert.equal(at(newYork('14-Mar-2021 03:00:00')), '2021-03-14T07:00:00.000Z');
  assert.equal(at(newYork('07-Nov-2021 00:59:59')), '2021-11-07T04:59:59.000Z');
  assert.equal(at(newYork('07-Nov-2021 02:00:00')), '2021-11-07T07:00:00.000Z');
  assert.equal(at(newYork('2021-07-01T12:00:00Z')), '2021-07-01T12:00:00.000Z');
});

test('times written in a zone are read as the moments that they were', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('2000-01-01'), max: new Date('2039-12-31'), noInvalidDate: true }),
      fc.constantFrom('Asia/Kolkata', 'America/St_Johns', 'Australia/Lord_Howe', 'Europe/Berlin', 'UTC'),
      (date, timeZone) => {
        const moment = Math.floor(date.getTime() / 1000) * 1000;
        const written = new Date(moment).toLocaleString('sv-SE', { timeZone }).replace(' ', 'T');
        const read = timeReader(timeZone)(written);
        assert.ok(read !== undefined);
        // In the hour that the clocks repeat, the text stands for two moments.
        assert.equal(new Date(read).toLocaleString('sv-SE', { timeZone }).replace(' ', 'T'), written);
        assert.ok(Math.abs(read - moment) <= 3_600_000);
      },
    ),
  );
});
