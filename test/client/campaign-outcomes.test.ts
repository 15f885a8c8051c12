import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { outcomesOf, showOutcomes } from '../../client/campaigns/outcomes.ts';
import { openOutput } from '../../client/output.ts';
import type { OutcomeCell } from '../../systems/store/campaign-cells.ts';
import { mailFates } from '../../systems/store/campaign-counts.ts';

const cell = (fate: OutcomeCell['fate'], mails: number, rest: Partial<OutcomeCell> = {}): OutcomeCell => ({
  fate,
  mails,
  outcome: null,
  reason: '',
  again: 0,
  opened: 0,
  clicked: 0,
  ...rest,
});

test('fates and events are counted once each, with their reasons, and the table says that it adds up', () => {
  const outcomes = outcomesOf([
    cell('accepted', 50, { outcome: 'sent', opened: 20, clicked: 5 }),
    cell('accepted', 7),
    cell('accepted', 4, { outcome: 'skipped', reason: 'Recipient has opted out' }),
    cell('accepted', 2, { outcome: 'bounced', reason: '' }),
    cell('unknown', 3, { again: 2 }),
    cell('rejected', 6, { reason: 'bad-email' }),
    cell('left', 1),
    cell('waiting', 9, { again: 1 }),
  ]);
  assert.deepEqual(
    [outcomes.entered, outcomes.triggered, outcomes.opened, outcomes.clicked, outcomes.unexpected],
    [82, 66, 20, 5, 0],
  );
  assert.deepEqual(outcomes.events, { sent: 50, skipped: 4, failed: 0, bounced: 2, silent: 10 });
  assert.deepEqual(outcomes.skippedBecause, [{ reason: 'Recipient has opted out', mails: 4 }]);
  let shown = '';
  showOutcomes(
    openOutput(false, (text) => (shown += text)),
    { id: 'j' },
    outcomes,
  );
  assert.match(shown, /rejected +6\n +bad-email +6\n/);
  assert.match(shown, /triggered, or may have been +66\n/);
  assert.match(shown, /It adds up: 82 entered, 66 mails/);
  assert.match(shown, /Note: 3 mails of unknown fate were triggered again, or wait for it/);
});

test('whatever the cells are, it adds up; a mail that was refused and that event files tell of is told', () => {
  const cells = fc.array(
    fc.record<OutcomeCell>({
      fate: fc.constantFrom(...mailFates),
      outcome: fc.constantFrom(null, 'sent', 'skipped', 'failed', 'bounced'),
      reason: fc.constantFrom('', 'bad-email'),
      mails: fc.nat(1_000),
      again: fc.nat(10),
      opened: fc.nat(10),
      clicked: fc.nat(10),
    }),
  );
  fc.assert(
    fc.property(cells, (some) => {
      const outcomes = outcomesOf(some);
      assert.ok(outcomes.addsUp);
      assert.equal(
        outcomes.entered,
        some.reduce((sum, { mails }) => sum + mails, 0),
      );
    }),
  );
  assert.equal(outcomesOf([cell('rejected', 2, { outcome: 'sent' })]).unexpected, 2);
  const strange = outcomesOf([cell('lost' as OutcomeCell['fate'], 1)]);
  assert.equal(strange.addsUp, false);
});
