/** Campaigns as the client reads them: of the sandbox, and of answers in other forms. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { connectResponsys } from '../../../systems/responsys/index.ts';
import type { Campaign, Responsys } from '../../../systems/responsys/index.ts';
import { startSandbox } from '../../harness/sandbox.ts';
import type { TestSandbox } from '../../harness/sandbox.ts';
import { refusal, startStub } from './stub.ts';
import { ungoverned } from './ungoverned.ts';

let sandbox: TestSandbox;
let responsys: Responsys;
before(async () => {
  sandbox = await startSandbox({ limits: { '*': 1_000_000 } });
  const { login, username, password, allowHosts } = sandbox;
  responsys = connectResponsys({
    login: { endpointUri: login, username, password },
    allowHosts,
    governor: ungoverned,
    log: () => undefined,
  });
});

const welcome: Campaign = {
  ...{ id: '20001', name: 'Lytics_Welcome', folderName: 'Lytics', type: 'EMAIL', purpose: 'PROMOTIONAL' },
  ...{ listName: 'CONTACTS_LIST', subject: 'Good to have you', status: 'ACTIVE' },
};

test('a campaign is found by its name, with the status that only the list of all has', async () => {
  assert.deepEqual(await responsys.campaign('Lytics_Welcome'), welcome);
  assert.equal((await responsys.campaign('Summer_Sale'))?.status, 'CLOSED');
  assert.equal((await responsys.campaign('Text_Offer'))?.type, 'SMS');
  assert.equal(await responsys.campaign('Not there'), undefined);
});

test('its data sources are the list and the tables that its message may use', async () => {
  await responsys.createExtensionTable('CONTACTS_LIST', {
    ...{ name: 'Lytics_User_Fields', folder: 'Lytics' },
    fields: [{ name: 'LOYALTY', type: 'STR500' }],
  });
  const [list, table] = await responsys.campaignDataSources('Lytics_Welcome');
  assert.equal(list?.name, 'CONTACTS_LIST');
  assert.equal(table?.path, '/Lytics/Lytics_User_Fields');
  assert.equal(table.name, 'Lytics_User_Fields');
  assert.ok(table.fields.includes('LOYALTY'));
  await assert.rejects(responsys.campaignDataSources('Not there'), { kind: 'not-found' });
});

test('all pages are read', async () => {
  const campaigns = Array.from({ length: 401 }, (_, n) => ({
    ...{ name: `Campaign ${n}`, folder: 'Lytics', list: 'CONTACTS_LIST' },
  }));
  await sandbox.control('config', { campaigns });
  const names = (await responsys.campaigns()).map(({ name }) => name);
  assert.deepEqual(
    names,
    campaigns.map(({ name }) => name),
  );
  assert.equal((await responsys.campaign('Campaign 400'))?.status, 'ACTIVE');
});

test('pages without links, under another name and without types are read too', async () => {
  const all = Array.from({ length: 250 }, (_, n) => ({ name: `C${n}` }));
  for (const key of ['items', 'campaigns']) {
    const stub = await startStub(({ path }) => {
      const offset = Number(new URLSearchParams(path.split('?')[1]).get('offset'));
      return { body: { [key]: all.slice(offset, offset + 200) } };
    });
    const found = await stub.responsys.campaigns();
    assert.equal(found.length, 250);
    assert.ok(found.every(({ type, id, status }) => type === 'EMAIL' && id === undefined && status === ''));
  }
});

test('pages that never end, or lead elsewhere, are an error, and the token goes nowhere else', async () => {
  for (const href of [
    '/rest/api/v1.3/campaigns?limit=200&offset=0&type=email',
    '/rest/api/v1.3/lists',
    'https://evil.example/rest/api/v1.3/lists',
  ]) {
    const stub = await startStub(() => ({ body: { campaigns: [], links: [{ rel: 'next', href }] } }));
    await assert.rejects(stub.responsys.campaigns(), { kind: 'service' });
  }
  const full = { items: Array.from({ length: 200 }, (_, n) => ({ name: `C${n}` })) };
  const same = await startStub(() => ({ body: full }));
  await assert.rejects(same.responsys.campaigns(), { kind: 'service' });
  const there = '/rest/api/v1.3/campaigns?offset=1';
  const stub = await startStub(({ path }) => {
    const links =
      path === there
        ? [{ rel: 'self', href: there }]
        : [{ rel: 'next', href: `https://evil.example${there}` }];
    return { body: { campaigns: [{ name: path }], links } };
  });
  assert.deepEqual((await stub.responsys.campaigns()).map(({ name }) => name).at(-1), there);
});

test('an account without campaigns of this kind says so', async () => {
  const stub = await startStub(() => refusal(401, 'API_DISABLED_FOR_USER'));
  await assert.rejects(stub.responsys.campaigns(), { kind: 'not-allowed' });
});
