import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  campaignDifferences,
  fixedCampaignFaults,
  leftByCampaign,
} from '../../jobs/campaign-reconfiguration.ts';
import { needsCheck } from '../../jobs/change-effects.ts';
import { exportCampaignSchema } from '../../jobs/export-campaign.ts';

const written = {
  job: 'export-campaign',
  authorization: 'Main',
  label: 'Welcome mails',
  audience: ['Readers', 'Writers'],
  campaign: 'Welcome',
  additionalFields: ['age', 'city'],
};
const changed = (changes: object) =>
  campaignDifferences(
    exportCampaignSchema.parse(written),
    exportCampaignSchema.parse({ ...written, ...changes }),
  );

test('the order of names is no change; another campaign or audience is refused, with the remedy', () => {
  assert.deepEqual(changed({ audience: ['Writers', 'Readers'] }), []);
  const [audience, campaign] = fixedCampaignFaults(changed({ audience: 'Readers', campaign: 'Farewell' }));
  assert.match(audience ?? '', /^audience: from \["Readers","Writers"\] to \["Readers"\] would mean other/);
  assert.match(
    campaign ?? '',
    /^campaign: from Welcome to Farewell would mean other mails: stop the job and start another under another label$/,
  );
});

test('what concerns the account is checked again, and what stays behind is told', () => {
  const guards = changed({ mailsADay: 100, flushInterval: '30s', canary: 5, backfill: true });
  assert.equal(needsCheck(guards), false);
  assert.deepEqual(fixedCampaignFaults(guards), []);
  assert.match(leftByCampaign(guards).join(), /when "jobs backfill" tells it/);
  const fields = changed({ additionalFields: ['city'], fieldsTable: 'CITIES' });
  assert.equal(needsCheck(fields), true);
  assert.deepEqual(leftByCampaign(fields), [
    'additionalFields: the columns of age keep what they have: nothing updates them any more.',
    'The table Lytics_User_Fields keeps what it has: nothing updates it any more.',
  ]);
});

test('a setting that came after the job was made is at its default', () => {
  const { oneMailInDays, stopWhenRejected, ...before } = exportCampaignSchema.parse(written);
  assert.deepEqual([oneMailInDays, stopWhenRejected], [undefined, 50]);
  assert.deepEqual(
    campaignDifferences(
      before as typeof before & { stopWhenRejected: number },
      exportCampaignSchema.parse(written),
    ),
    [],
  );
});
