/**
 * The sandbox's generated event files, fetched by the real importer from the sandbox's own SFTP server: what
 * arrives is what the generator says that it wrote, in each packaging, and about the people of the list.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { generateKey } from 'openpgp';
import pg from 'pg';
import type { Generated } from '../../sandbox/events/generate.ts';
import type { ToldMails } from '../../sandbox/events/mails.ts';
import { layouts } from '../../sandbox/events/types.ts';
import { connectResponsys } from '../../systems/responsys/index.ts';
import { ungoverned } from '../systems/responsys/ungoverned.ts';
import { authorizationFile, startProduct } from './product.ts';
import type { Product } from './product.ts';

const packagings = [
  'plain',
  'gzip',
  'zip',
  'pgp',
  'pgp-armored',
  'zip+pgp',
  'gzip+pgp',
  'pgp+zip',
  'pgp+gzip',
];
const passphrase = 'opensesame';

interface ShownFile {
  readonly path: string;
  readonly state: string;
  readonly reason: string;
  readonly events: number;
  readonly setAsideRows: number;
}

describe('Generated event files', () => {
  let product: Product;
  let store: pg.Client;
  let publicKey: string;
  before(async () => {
    product = await startProduct();
    store = new pg.Client({ connectionString: product.databaseUrl });
    store.on('error', () => undefined);
    await store.connect();
    const made = await generateKey({ userIDs: [{ name: 'Events' }], passphrase, format: 'armored' });
    ({ publicKey } = made);
    const { sftp } = product.sandbox;
    const login = {
      kind: 'responsys-sftp-with-pgp',
      label: 'Sandbox files',
      ...{ host: sftp.host, port: sftp.port, username: sftp.username, folder: 'download' },
      privateKey: readFileSync(sftp.privateKeyFile, 'utf8'),
      hostKeyFingerprint: sftp.hostKeyFingerprint,
      ...{ pgpPrivateKey: made.privateKey, pgpPassphrase: passphrase },
    };
    await product.json(
      'authorizations',
      'add',
      '--from-file',
      product.write('sftp.json', JSON.stringify(login)),
    );
  });
  after(async () => {
    await store.end();
    await product.close();
  });

  const generate = async (request: object): Promise<Generated> =>
    (await product.sandbox.control('files', { lastDay: '2026-01-31', ...request })) as Generated;

  async function importAll(
    folder: string,
    files: number,
    changes: object = {},
  ): Promise<readonly ShownFile[]> {
    const job = {
      ...{ job: 'import-activity', authorization: 'Sandbox files', label: folder, folder },
      ...{ interval: '1s', parallelFiles: 4, marker: '.ready', ...changes },
    };
    const { id } = (await product.json('jobs', 'start', product.write('job.yaml', JSON.stringify(job)))) as {
      id: string;
    };
    for (let look = 0; ; look++) {
      const shown = (await product.json('jobs', 'files', id, '--limit', '500')) as readonly ShownFile[];
      const ended = shown.filter(({ state }) => state === 'done' || state === 'failed');
      if (ended.length === files) {
        await product.json('jobs', 'stop', id);
        return shown;
      }
      if (look > 200) assert.fail(`${ended.length} of ${files} files ended: ${JSON.stringify(shown)}`);
      await wait(300);
    }
  }

  const sums = async (fields: readonly string[]): Promise<readonly number[]> => {
    const { rows } = await store.query<Record<string, number>>(
      `select ${fields.map((name) => `coalesce(sum((fields ->> '${name}')::int), 0)::int as ${name}`).join(', ')} from profiles`,
    );
    return fields.map((name) => rows[0]?.[name] ?? 0);
  };

  test('each packaging is imported row by row as the generator says, bad rows too', async () => {
    const made: Generated[] = [];
    for (const [at, packaging] of packagings.entries())
      made.push(
        await generate({
          ...{
            accountId: 1000 + at,
            seed: 7,
            rows: 900,
            madeUpPeople: 40,
            badRows: 9,
            folder: 'download/packed',
          },
          // All types once; of each further packaging a few, which take as many layers.
          ...(at === 0 ? {} : { types: ['SENT', 'SMS_SENT'] }),
          ...{ packagings: [packaging], publicKey, marker: '.ready', count: '.count', delimiter: '|' },
        }),
      );
    const written = made.flatMap(({ files }) => files);
    assert.equal(written.length, 18 + 2 * (packagings.length - 1));
    for (const { rows, badRows } of made) assert.deepEqual([rows, badRows], [900, 9]);
    const shown = await importAll('packed', written.length, { customDelimiter: '|' });
    const byName = new Map(shown.map((file) => [file.path, file]));
    for (const { name, rows, badRows, packaging } of written) {
      const { state, reason, events, setAsideRows } = byName.get(name) ?? {};
      assert.deepEqual(
        { state, reason, events, setAsideRows },
        { state: 'done', reason: '', events: rows - badRows, setAsideRows: badRows },
        `${packaging}: ${name}`,
      );
    }
    const total = (type: string): number => made.reduce((sum, { events }) => sum + (events[type] ?? 0), 0);
    assert.deepEqual(
      await sums(['email_sent_ct', 'email_click_ct', 'sms_sent_ct', 'email_open_ct', 'sms_bounce_ct']),
      ['SENT', 'CLICK', 'SMS_SENT', 'OPEN', 'SMS_FAIL'].map(total),
    );
  });

  test('what an export wrote comes back as events of the same people', async () => {
    await product.json('authorizations', 'add', '--from-file', authorizationFile(product));
    const lines = Array.from({ length: 60 }, (_, at) => `reader${at}@example.com,C${at}`);
    const people = product.write('people.csv', `email,customer_id\n${lines.join('\n')}\n`);
    await product.json('audiences', 'import', 'Readers', people);
    const job = {
      ...{ job: 'export-audience', authorization: 'Sandbox', label: 'Out', audience: 'Readers' },
      ...{ list: 'CONTACTS_LIST', idMappings: { email: 'EMAIL_ADDRESS_', customer_id: 'CUSTOMER_ID_' } },
      ...{ matchColumn1: 'EMAIL_ADDRESS_', flushInterval: '1s' },
    };
    await product.json('jobs', 'start', product.write('out.yaml', JSON.stringify(job)));
    for (let look = 0; (await product.rowsOf('lists/CONTACTS_LIST')).length < lines.length; look++) {
      if (look > 100) assert.fail('the export did not arrive');
      await wait(300);
    }
    const made = await generate({
      ...{ rows: 2_000, days: 2, types: ['SENT', 'OPEN', 'CLICK', 'BOUNCE'], badRows: 4 },
      ...{ folder: 'download/back', marker: '.ready' },
    });
    assert.equal(made.people, lines.length);
    const shown = await importAll('back', made.files.length);
    assert.equal(
      shown.reduce((sum, { events, setAsideRows }) => sum + events + setAsideRows, 0),
      made.rows,
    );
    const riids = new Map(
      (await product.rowsOf('lists/CONTACTS_LIST')).map((row) => [row['EMAIL_ADDRESS_'], row['RIID_']]),
    );
    const { rows } = await store.query<{ email: string; riid: string; sent: number; opens: number }>(
      `select fields ->> 'email' as email, fields ->> 'rs_user_id' as riid,
              (fields ->> 'email_sent_ct')::int as sent, (fields ->> 'email_open_ct')::int as opens
         from profiles where fields ->> 'email' like 'reader%'`,
    );
    assert.equal(rows.length, lines.length, 'nobody is two people');
    for (const { email, riid, sent } of rows) {
      assert.equal(riid, riids.get(email));
      assert.ok(sent >= 1, email);
    }
    assert.equal(
      rows.reduce((sum, { sent }) => sum + sent, 0),
      made.events['SENT'],
    );
    assert.equal(
      rows.reduce((sum, { opens }) => sum + opens, 0),
      made.events['OPEN'],
    );
  });

  test('what became of triggered mails comes back as events of the same people', async () => {
    const { login, username, password, allowHosts } = product.sandbox;
    const responsys = connectResponsys({
      ...{ login: { endpointUri: login, username, password }, allowHosts },
      ...{ governor: ungoverned, log: () => undefined },
    });
    const merge = (emails: readonly string[], defaultPermissionStatus: 'OPTIN' | 'OPTOUT') =>
      responsys.mergeListMembers('CONTACTS_LIST', {
        columns: ['EMAIL_ADDRESS_'],
        rows: emails.map((email) => [email]),
        rule: {
          ...{ matchColumns: ['EMAIL_ADDRESS_'], insertOnNoMatch: true },
          ...{ updateOnMatch: 'REPLACE_ALL', defaultPermissionStatus },
        },
      });
    const mailed = Array.from({ length: 5 }, (_, at) => `mailed${at}@example.com`);
    const { rows: into } = await merge(mailed, 'OPTIN');
    const { rows: out } = await merge(['mailed-not@example.com'], 'OPTOUT');
    const recipients = [...into, ...out].map((row) => ({
      riid: row.outcome === 'accepted' ? (row.riid ?? '') : '',
      optionalData: { TIER: 'gold' },
    }));
    const { outcomes } = await responsys.triggerEmail('Lytics_Welcome', recipients);
    assert.ok(outcomes.every(({ outcome }) => outcome === 'accepted'));
    const request = { opened: 100, clicked: 100, bounced: 0, folder: 'download/mails', marker: '.ready' };
    const told = (await product.sandbox.control('mail-files', request)) as ToldMails;
    assert.deepEqual(told.events, { LAUNCH_STATE: 1, SENT: 5, SKIPPED: 1, OPEN: 5, CLICK: 5 });
    const shown = await importAll('mails', told.files.length);
    assert.ok(shown.every(({ state, setAsideRows }) => state === 'done' && setAsideRows === 0));
    const campaign = await responsys.campaign('Lytics_Welcome');
    const { rows } = await store.query<{ email: string; clicks: number | null }>(
      `select fields ->> 'email' as email, (fields ->> 'email_click_ct')::int as clicks
         from profiles where fields ->> 'email' like 'mailed%' order by fields ->> 'email' collate "C"`,
    );
    assert.deepEqual(
      rows.map(({ email, clicks }) => [email, clicks ?? 0]),
      [['mailed-not@example.com', 0], ...mailed.map((email) => [email, 1])],
    );
    const { rows: skipped } = await store.query<{ row: string }>(
      `select row from responsys_events where event = 'skipped' and row like '%Recipient has opted out%'`,
    );
    assert.equal(skipped.length, 1);
    const cells = JSON.parse(skipped[0]?.row ?? '[]') as readonly string[];
    assert.ok(cells.includes(recipients.at(-1)?.riid ?? '') && cells.includes(campaign?.id ?? ''));
  });

  test('the same seed gives the same files, with the layouts’ columns; another gives others', async () => {
    const { sftp } = product.sandbox;
    const contents = async (folder: string, changes: object): Promise<ReadonlyMap<string, string>> => {
      await generate({
        ...{ rows: 400, days: 2, madeUpPeople: 9, folder, packagings: ['plain', 'gzip', 'zip'], ...changes },
      });
      return new Map(
        readdirSync(join(sftp.folder, folder)).map((name) => [
          name,
          createHash('sha256')
            .update(readFileSync(join(sftp.folder, folder, name)))
            .digest('hex'),
        ]),
      );
    };
    const first = await contents('one', { seed: 5 });
    assert.deepEqual(await contents('two', { seed: 5 }), first);
    const other = await contents('three', { seed: 6 });
    assert.deepEqual(new Set([...first.values(), ...other.values()]).size, first.size + other.size);
    await generate({ rows: 36, madeUpPeople: 9, folder: 'heads' });
    for (const name of readdirSync(join(sftp.folder, 'heads'))) {
      const [header] = readFileSync(join(sftp.folder, 'heads', name), 'utf8').split('\n');
      const type = name.slice('1234_'.length, name.indexOf('_20260131'));
      assert.equal(header, layouts[type as keyof typeof layouts].columns.join(','), name);
    }
  });

  test('what cannot be made is refused in words', async () => {
    const refused = (request: object, words: RegExp) => assert.rejects(generate(request), words);
    await refused({ list: 'NEWSLETTER_LIST' }, /NEWSLETTER_LIST is empty/);
    await refused({ list: 'NONE' }, /List Not Found/);
    await refused({ rows: 10 }, /less than one row for each of the 18 types/);
    await refused({ packagings: ['rar'] }, /"rar\\?" is no packaging/);
    await refused({ packagings: ['pgp'], madeUpPeople: 3 }, /needed by the packaging pgp/);
    await refused({ packagings: ['pgp'], madeUpPeople: 3, publicKey: 'x' }, /no PGP key/);
    await refused({ folder: '../out', madeUpPeople: 3 }, /is no folder/);
    await refused({ lastDay: '2026-02-31' }, /no day of the calendar/);
  });
});
