import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  listMerge,
  members,
  newFolder,
  newTable,
  read,
  removeFolder,
  startSandbox,
  tables,
} from './running.ts';
import type { Reply, Running } from './running.ts';

interface Mail {
  readonly id: number;
  readonly campaign: string;
  readonly campaignId: number;
  readonly riid: number;
  readonly email: string;
  readonly optionalData: readonly object[];
  readonly skipped: string | null;
}

const to = (recipientId: number, data: Readonly<Record<string, unknown>> = {}) => ({
  recipient: { recipientId },
  optionalData: Object.entries(data).map(([name, value]) => ({ name, value })),
});

describe('campaigns of the sandbox', () => {
  const folder = newFolder();
  let sandbox: Running;
  /** RIIDs of two who opted in, and of one who opted out. */
  let ann: number, bob: number, out: number;

  before(async () => {
    sandbox = await startSandbox(folder);
  });
  beforeEach(async () => {
    await sandbox.fresh();
    [ann = 0, bob = 0] = await merge(['ann@example.com', 'bob@example.com'], 'OPTIN');
    [out = 0] = await merge(['out@example.com'], 'OPTOUT');
  });
  after(async () => {
    await sandbox.stop();
    removeFolder(folder);
  });

  async function merge(
    emails: readonly string[],
    defaultPermissionStatus: string,
  ): Promise<readonly number[]> {
    const body = listMerge(
      ['EMAIL_ADDRESS_'],
      emails.map((email) => [email]),
      { defaultPermissionStatus },
    );
    return (await sandbox.call('POST', members, body)).records.map(([riid]) => Number(riid));
  }
  const trigger = (recipientData: unknown, campaign = 'Lytics_Welcome'): Promise<Reply> =>
    sandbox.call('POST', `/campaigns/${campaign}/email`, { recipientData });
  const mergeTrigger = (records: readonly object[], campaign = 'Lytics_Welcome', more: object = {}) =>
    sandbox.call('POST', `/campaigns/${campaign}/email`, {
      mergeTriggerRecordData: { fieldNames: ['EMAIL_ADDRESS_'], mergeTriggerRecords: records },
      mergeRule: {
        insertOnNoMatch: true,
        matchColumnName1: 'EMAIL_ADDRESS_',
        defaultPermissionStatus: 'OPTIN',
      },
      ...more,
    });
  const lines = (text: string) => text.split('\n').filter((line) => line !== '');
  const outbox = async (): Promise<readonly Mail[]> =>
    lines((await sandbox.control('GET', 'outbox')).text).map((line) => JSON.parse(line) as Mail);
  const errors = ({ json }: Reply) =>
    (json as { errorMessage: string | null }[]).map(
      ({ errorMessage }) => errorMessage?.split(':')[0] ?? null,
    );

  it('are listed in pages of at most 200, by type', async () => {
    const campaigns = Array.from({ length: 450 }, (_, n) => ({
      ...{ name: `Campaign ${n}`, folder: 'Lytics', list: 'CONTACTS_LIST' },
      type: n === 7 ? 'SMS' : 'EMAIL',
    }));
    await sandbox.control('POST', 'config', { campaigns });
    const names: string[] = [];
    const sizes: number[] = [];
    for (let path: string | undefined = '/campaigns?limit=200'; path !== undefined;) {
      const { json } = await sandbox.call('GET', path);
      const page = json as { campaigns: { name: string }[]; links: { rel: string; href: string }[] };
      names.push(...page.campaigns.map(({ name }) => name));
      sizes.push(page.campaigns.length);
      path = page.links.find(({ rel }) => rel === 'next')?.href;
    }
    assert.deepEqual(sizes, [200, 200, 49]);
    assert.deepEqual(
      names,
      campaigns.flatMap(({ name, type }) => (type === 'EMAIL' ? [name] : [])),
    );
    const sms = (await sandbox.call('GET', '/campaigns?type=sms')).json as { campaigns: object[] };
    assert.equal(sms.campaigns.length, 1);
    for (const query of ['limit=201', 'limit=0', 'offset=-1', 'type=fax'])
      assert.equal((await sandbox.call('GET', `/campaigns?${query}`)).errorCode, 'INVALID_PARAMETER', query);
  });

  it('keep their ids whatever becomes of their settings, and name their data sources', async () => {
    const id = async () => ((await sandbox.call('GET', '/campaigns/Newsletter')).json as { id: string }).id;
    const before = await id();
    const campaign = { name: 'Newsletter', folder: 'Lytics', list: 'CONTACTS_LIST', tables: ['T'] };
    await sandbox.control('POST', 'config', { campaigns: [{ ...campaign, name: 'First' }, campaign] });
    assert.equal(await id(), before);
    const sources = async () => {
      const { json } = await sandbox.call('GET', '/campaigns/Newsletter/attributes/dataSources');
      const { attributeData } = json as { attributeData: { dataSources: { path: string }[] } };
      return attributeData.dataSources.map(({ path }) => path);
    };
    assert.deepEqual(await sources(), ['/Lytics/CONTACTS_LIST']);
    await sandbox.call('POST', tables, newTable('T', [['A1', 'STR500']], '!MasterData'));
    assert.deepEqual(await sources(), ['/Lytics/CONTACTS_LIST', '/!MasterData/T']);
    assert.equal((await sandbox.call('GET', '/campaigns/Gone')).errorCode, 'CAMPAIGN_NOT_FOUND');
  });

  it('mail each recipient who is taken, with what the trigger gave, and again when asked again', async () => {
    await trigger([to(ann, { TIER: 'gold' }), to(bob)]);
    await trigger([to(ann)]);
    const mails = await outbox();
    assert.deepEqual(
      mails.map(({ campaign, riid, email, optionalData, skipped }) => [
        campaign,
        riid,
        email,
        optionalData.length,
        skipped,
      ]),
      [
        ['Lytics_Welcome', ann, 'ann@example.com', 1, null],
        ['Lytics_Welcome', bob, 'bob@example.com', 0, null],
        ['Lytics_Welcome', ann, 'ann@example.com', 0, null],
      ],
    );
    assert.match(await (await fetch(`${sandbox.login}/`)).text(), /TIER: gold/);
    assert.equal(((await sandbox.control('GET', 'state')).json as { mails: number }).mails, 3);
    await sandbox.control('POST', 'reset');
    assert.deepEqual(await outbox(), []);
  });

  it('take who has opted out, and skip the mail unless it is transactional', async () => {
    for (const campaign of ['Lytics_Welcome', 'Lytics_Receipt'])
      assert.deepEqual(errors(await trigger([to(out)], campaign)), [null]);
    assert.deepEqual(
      (await outbox()).map(({ skipped }) => skipped),
      ['Recipient has opted out', null],
    );
  });

  it('say of each recipient why there is no mail', async () => {
    await sandbox.control('POST', 'config', { undeliverable: ['BOB@example.com'] });
    assert.deepEqual(await read(sandbox, 'bob@example.com', ['EMAIL_DELIVERABILITY_STATUS_']), ['U']);
    await sandbox.call(
      'POST',
      members,
      listMerge(['CUSTOMER_ID_'], [['c1']], { matchColumnName1: 'CUSTOMER_ID_' }),
    );
    await sandbox.call(
      'POST',
      members,
      listMerge(
        ['EMAIL_ADDRESS_', 'MOBILE_NUMBER_'],
        [
          ['x@example.com', '1'],
          ['y@example.com', '1'],
        ],
      ),
    );
    const at = (recipient: object) => ({ recipient, optionalData: [] });
    const inList = (folderName: string, objectName: string) =>
      at({ recipientId: ann, listName: { folderName, objectName } });
    const reply = await trigger([
      ...[to(ann), to(1), to(bob), at({ customerId: 'c1' }), at({ mobileNumber: '1' })],
      ...[
        inList('Lytics', 'CONTACTS_LIST'),
        inList('Lytics', 'NONE'),
        inList('!MasterData', 'CONTACTS_LIST'),
      ],
      ...[inList('NONE', 'CONTACTS_LIST'), inList('!MasterData', 'NEWSLETTER_LIST')],
    ]);
    assert.deepEqual(errors(reply), [
      ...[null, 'NO_RECIPIENT_FOUND', 'RECIPIENT_STATUS_UNDELIVERABLE', 'RECIPIENT_STATUS_UNDELIVERABLE'],
      ...['MULTIPLE_RECIPIENTS_FOUND', null, 'PROFILE_LIST_NOT_FOUND', 'PROFILE_LIST_NOT_FOUND_IN_FOLDER'],
      ...['FOLDER_NOT_FOUND', 'NO_RECIPIENT_FOUND'],
    ]);
    assert.equal((await outbox()).length, 2);
  });

  it('merge first where the body is of that kind', async () => {
    const reply = await mergeTrigger([
      { fieldValues: ['new@example.com'], optionalData: [{ name: 'A', value: '1' }] },
      { fieldValues: ['ann@example.com'], optionalData: [] },
      { fieldValues: [''], optionalData: [] },
    ]);
    assert.deepEqual(errors(reply), [null, null, 'FAILURE']);
    assert.deepEqual(
      (await outbox()).map(({ email }) => email),
      ['new@example.com', 'ann@example.com'],
    );
    const refused = await mergeTrigger([
      { fieldValues: ['ok@example.com'] },
      { fieldValues: ['no address'] },
    ]);
    assert.deepEqual([refused.status, refused.detail], [400, 'Record 1 = Bad Email Format\r\n']);
    assert.deepEqual(await read(sandbox, 'ok@example.com', ['RIID_']), []);
    assert.equal((await outbox()).length, 2);
  });

  it('refuse as a whole what is no request for them, and mail nobody', async () => {
    const many = Array.from({ length: 201 }, () => to(ann));
    for (const [recipients, campaign, code] of [
      [[to(ann)], 'Gone', 'CAMPAIGN_NOT_FOUND'],
      [[to(ann)], 'Summer_Sale', 'CAMPAIGN_IS_INVALID'],
      [[to(ann)], 'Text_Offer', 'CAMPAIGN_IS_INVALID'],
      [many, 'Lytics_Welcome', 'RECIPIENT_LIMIT_EXCEEDED'],
      [[], 'Lytics_Welcome', 'INVALID_PARAMETER'],
      [undefined, 'Lytics_Welcome', 'INVALID_PARAMETER'],
      [[to(ann), to(bob, { email_address_: 'x' })], 'Lytics_Welcome', 'INVALID_PARAMETER'],
      [[to(ann), to(bob, { NAME: 'Zoë' })], 'Lytics_Welcome', 'INVALID_REQUEST_CONTENT'],
      [[to(ann), to(bob, { NAME: null })], 'Lytics_Welcome', 'INVALID_REQUEST_CONTENT'],
      [[to(ann), { recipient: {}, optionalData: [] }], 'Lytics_Welcome', 'INVALID_PARAMETER'],
      [[to(ann), { recipient: { recipientId: '1' } }], 'Lytics_Welcome', 'INVALID_PARAMETER'],
      [[to(ann), { recipient: { recipientId: 1, riid: 1 } }], 'Lytics_Welcome', 'INVALID_REQUEST_CONTENT'],
    ] as const)
      assert.equal(
        (await trigger(recipients, campaign)).errorCode,
        code,
        JSON.stringify([recipients]).slice(0, 99),
      );
    const both = await mergeTrigger([{ fieldValues: ['new@example.com'] }], 'Lytics_Welcome', {
      recipientData: [to(ann)],
    });
    assert.equal(both.errorCode, 'INVALID_REQUEST_CONTENT');
    assert.deepEqual(await outbox(), []);
  });

  it('count the two kinds of triggers against limits of their own', async () => {
    await sandbox.fresh({ limits: { 'Trigger Email Message': 1 }, limitWindow: 'sliding' });
    await trigger([to(ann)]);
    assert.equal((await trigger([to(ann)])).errorCode, 'API_LIMIT_EXCEEDED');
    assert.equal((await mergeTrigger([{ fieldValues: ['new@example.com'] }])).status, 200);
  });

  it('have mailed when the connection is reset after the work, and not when before', async () => {
    for (const [kind, mails] of [
      ['reset-before', 0],
      ['status-500', 0],
      ['reset-after', 1],
    ] as const) {
      await sandbox.control('POST', 'faults', { on: 'Trigger Email Message', match: 'Lytics_Welcome', kind });
      await trigger([to(ann)]).catch(() => undefined);
      assert.equal((await outbox()).length, mails, kind);
    }
  });

  it('have their mails told in event files, each once, with the ids of the API', async () => {
    await trigger([to(ann), to(bob), to(out)]);
    interface Told {
      readonly mails: number;
      readonly events: Readonly<Record<string, number>>;
      readonly files: readonly { readonly name: string; readonly type: string }[];
    }
    const tell = async (request: object) =>
      (await sandbox.control('POST', 'mail-files', request)).json as Told;
    const always = { bounced: 0, opened: 100, clicked: 100 };
    const [first, second] = await Promise.all([tell(always), tell(always)]);
    assert.deepEqual(first.events, { LAUNCH_STATE: 1, SENT: 2, SKIPPED: 1, OPEN: 2, CLICK: 2 });
    assert.deepEqual([second.mails, second.files], [0, []]);
    await trigger([to(ann)]);
    const third = await tell({ failed: 100 });
    assert.deepEqual(third.events, { FAIL: 1 });
    await trigger([to(ann)]);
    assert.deepEqual((await tell({ bounced: 100 })).events, { SENT: 1, BOUNCE: 1 });

    const served = join(sandbox.sftp.folder, 'download');
    assert.equal(readdirSync(served).length, 5 + 1 + 2);
    const rowsIn = (told: Told, type: string) => {
      const name = told.files.find((file) => file.type === type)?.name ?? '';
      const [header = '', ...rows] = lines(readFileSync(join(served, name), 'utf8'));
      const columns = header.split(',');
      return rows.map((row) =>
        Object.fromEntries(row.split(',').map((cell, at) => [columns[at] ?? '', cell])),
      );
    };
    const [skipped] = rowsIn(first, 'SKIPPED');
    const { id } = (await sandbox.call('GET', '/campaigns/Lytics_Welcome')).json as { id: string };
    assert.deepEqual(
      [
        skipped?.['RIID'],
        skipped?.['CAMPAIGN_ID'],
        skipped?.['EMAIL'],
        skipped?.['REASON'],
        skipped?.['LIST_ID'],
      ],
      [String(out), id, 'out@example.com', 'Recipient has opted out', '1001'],
    );
    const [launch] = rowsIn(first, 'LAUNCH_STATE');
    assert.deepEqual([launch?.['CAMPAIGN_NAME'], launch?.['CAMPAIGN_ID']], ['Lytics_Welcome', id]);
    assert.deepEqual(
      rowsIn(first, 'CLICK').map((row) => [row['RIID'], row['LAUNCH_ID']]),
      [ann, bob].map((riid) => [String(riid), launch?.['LAUNCH_ID']]),
    );
    assert.match((await sandbox.control('POST', 'mail-files', { rows: 3 })).text, /Unrecognized key/);
    assert.match(
      (await sandbox.control('POST', 'mail-files', { packagings: ['pgp'] })).text,
      /needed by the packaging/,
    );
  });

  it('are kept with their mails over kill -9', async () => {
    await trigger([to(ann, { TIER: 'gold' })]);
    await sandbox.control('POST', 'mail-files', {});
    await trigger([to(bob)]);
    const before = await outbox();
    await sandbox.kill();
    sandbox = await startSandbox(folder);
    assert.deepEqual(await outbox(), before);
    const { mails } = (await sandbox.control('POST', 'mail-files', {})).json as { mails: number };
    assert.equal(mails, 1);
  });
});
