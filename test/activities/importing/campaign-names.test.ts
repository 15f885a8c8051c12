/** Campaigns by name, from LAUNCH_STATE files that came before the events, after them, and were taken back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { withCampaigns } from '../../../activities/importing/campaign-names.ts';
import { rebuildBounds, runRebuild, startRebuild } from '../../../activities/importing/rebuild.ts';
import { searchEvents } from '../../../systems/store/event-search.ts';
import type { FoundEvent } from '../../../systems/store/event-search.ts';
import { openEventStore } from './event-store.ts';
import type { EventStore } from './event-store.ts';

const header = ['EVENT_CAPTURED_DT', 'RIID', 'Campaign_Id', 'CAMPAIGN_NAME', 'LAUNCH_NAME'];
let events: EventStore;
before(async () => {
  events = await openEventStore(header);
  await events.setImport('job');
  await events.setImport('other');
});
after(() => events.close());

const hour = 3_600_000;
const at = (hours: number): string => String(Date.parse('2026-01-31T00:00:00Z') + hours * hour);
const click = (campaignId: string): readonly string[] => [at(5), '7', campaignId, '', ''];
const launch = (hours: number, campaignId: string, name: string): readonly string[] => [
  at(hours),
  '',
  campaignId,
  name,
  `${name} of today`,
];

/** The campaigns of all clicks of an account, in the order of their lines. */
async function campaignsIn(accountId: string): Promise<readonly string[]> {
  const found: FoundEvent[] = [];
  await searchEvents(events.store, { texts: ['"7"'] }, (_, page) => {
    found.push(...page.filter((event) => event.event === 'click' && event.accountId === accountId));
    return Promise.resolve();
  });
  found.sort((one, next) => one.line - next.line);
  return (await withCampaigns(events.store, found)).map(({ campaign }) =>
    campaign === null ? 'none' : `${campaign.id} ${campaign.name ?? '?'}`,
  );
}

test('the latest name of the account counts, whichever file came first; a file taken back tells none', async () => {
  const early = '1_LAUNCH_STATE_20260131_060000.txt';
  const late = '1_LAUNCH_STATE_20260131_070000.txt';
  await events.importFile('job', early, [
    launch(2, '900', 'Spring'),
    launch(1, '900', 'Draft of Spring'),
    launch(2, '901', 'Other'),
  ]);
  const clicks = [click('900'), click('902'), click('-1'), click(' 901 '), click('90')];
  await events.importFile('job', '1_CLICK_20260131_070000.txt', clicks);
  await events.importFile('job', '2_CLICK_20260131_070000.txt', [click('900')]);
  assert.deepEqual(await campaignsIn('1'), ['900 Spring', '902 ?', 'none', '901 Other', '90 ?']);
  assert.deepEqual(await campaignsIn('2'), ['900 ?']);

  // By another job, in another account, and after the events; "null" is how an export writes that it has none.
  await events.importFile('other', late, [
    launch(3, '900', 'Spring sale'),
    launch(4, '900', 'null'),
    launch(3, '902', 'Alpha'),
    launch(3, '902', 'Beta'),
  ]);
  await events.importFile('job', '2_LAUNCH_STATE_20260131_070000.txt', [launch(9, '900', 'Of account 2')]);
  assert.deepEqual(await campaignsIn('1'), ['900 Spring sale', '902 Beta', 'none', '901 Other', '90 ?']);
  assert.deepEqual(await campaignsIn('2'), ['900 Of account 2']);

  const { store, hashKeys } = events;
  const rebuilding = {
    ...{ store, hashKeys },
    ...{ signal: new AbortController().signal, bounds: rebuildBounds },
  };
  await runRebuild(rebuilding, await startRebuild(store, 'other', late));
  assert.deepEqual(await campaignsIn('1'), ['900 Spring', '902 ?', 'none', '901 Other', '90 ?']);
  await runRebuild(rebuilding, await startRebuild(store, 'job', null));
  assert.deepEqual(await campaignsIn('1'), ['900 Spring', '902 ?', 'none', '901 Other', '90 ?']);
});

test('an id is found as it is, whatever characters it has, and with blanks around it', async () => {
  const strange = String.raw`a.b|(ü "\d`;
  await events.importFile('job', '3_CLICK_20260131_070000.txt', [click(strange), click('abb'), click('77')]);
  await events.importFile('job', '3_LAUNCH_STATE_20260131_070000.txt', [
    launch(1, strange, 'Strange'),
    launch(1, ' 77 ', 'Blanks'),
    launch(1, '7', 'Seven'),
  ]);
  assert.deepEqual(await campaignsIn('3'), [`${strange} Strange`, 'abb ?', '77 Blanks']);
});
