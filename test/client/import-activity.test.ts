/** Event files, encrypted by gpg and served by OpenSSH, become profiles: each row counted once. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { unlessMissing } from '../harness/programs.ts';
import { startSshServer } from '../harness/sshd.ts';
import type { SshServer } from '../harness/sshd.ts';
import { authorizeSftp, shownImport } from './imports.ts';
import type { ShownImport } from './imports.ts';
import { startProduct } from './product.ts';
import type { Product } from './product.ts';

const passphrase = 'opensesame';

/** An own key pair, and what gpg makes with it. */
function openGpg() {
  const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-gpg-'));
  const gpg = (args: readonly string[], input = Buffer.alloc(0)): Buffer =>
    execFileSync(
      'gpg',
      [
        ...['--homedir', folder, '--batch', '--yes', '--quiet', '--trust-model', 'always'],
        ...['--pinentry-mode', 'loopback', '--passphrase', passphrase, ...args],
      ],
      { input, stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 2 ** 30 },
    );
  gpg(['--quick-gen-key', 'events@example.com', 'rsa2048', 'default', 'never']);
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(gpg(['--list-keys', '--with-colons']).toString())?.[1] ?? '';
  gpg(['--quick-add-key', fingerprint, 'rsa2048', 'encr', 'never']);
  return {
    privateKey: gpg(['--export-secret-keys', '--armor', 'events@example.com']).toString(),
    encrypt: (text: string) => gpg(['--encrypt', '--recipient', 'events@example.com'], Buffer.from(text)),
    remove: () => {
      execFileSync('gpgconf', ['--homedir', folder, '--kill', 'all']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const sentHeader = 'EVENT_TYPE_ID|ACCOUNT_ID|LIST_ID|RIID|EVENT_CAPTURED_DT|CAMPAIGN_ID|LAUNCH_ID|EMAIL';
const clickHeader =
  'EVENT_TYPE_ID|ACCOUNT_ID|LIST_ID|RIID|EVENT_CAPTURED_DT|CAMPAIGN_ID|LAUNCH_ID|OFFER_NAME|OFFER_URL';
const sent = (riid: number, email: string) => `1|1234|5|${riid}|31-Jan-2026 18:00:00|900|901|${email}`;
const click = (riid: number, second: number, url = 'http://shop.example/a') =>
  `5|1234|5|${riid}|31-Jan-2026 19:${String(Math.floor(second / 60) % 60).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}|900|901|Spring|${url}`;
const text = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n`;

describe('Import Activity Data', unlessMissing('sshd', 'ssh-keygen', 'gpg'), () => {
  let product: Product;
  let server: SshServer;
  let gpg: ReturnType<typeof openGpg>;
  let store: pg.Client;

  before(async () => {
    gpg = openGpg();
    server = await startSshServer();
    product = await startProduct();
    store = new pg.Client({ connectionString: product.databaseUrl });
    store.on('error', () => undefined);
    await store.connect();
    await authorizeSftp(product, server, {
      kind: 'responsys-sftp-with-pgp',
      label: 'Files',
      pgpPrivateKey: gpg.privateKey,
      pgpPassphrase: passphrase,
    });
  });
  after(async () => {
    await store.end();
    await product.close();
    await server.stop();
    gpg.remove();
  });

  const put = (name: string, content: string | Buffer): void =>
    writeFileSync(join(server.home, name), content);
  const jobFile = (changes: object): string =>
    product.write(
      `job-${randomBytes(3).toString('hex')}.yaml`,
      JSON.stringify({
        job: 'import-activity',
        authorization: 'Files',
        label: 'Events',
        customDelimiter: '|',
        interval: '1s',
        stableFor: '1s',
        ...changes,
      }),
    );
  const shownAs = (id: string, isSo: (shown: ShownImport) => boolean) => shownImport(product, id, isSo);
  const profileOf = async (email: string): Promise<Readonly<Record<string, unknown>> | undefined> =>
    (
      await store.query<{ fields: Record<string, unknown> }>(
        "select fields from profiles where fields ->> 'email' = $1",
        [email],
      )
    ).rows[0]?.fields;

  test('files in several packagings become profiles; what cannot be read is told by file and line', async () => {
    put(
      '1234_SENT_20260131_180000.txt',
      text(sentHeader, sent(1, 'Ann@Example.com'), sent(2, 'bob@example.com')),
    );
    const clicks = text(
      clickHeader,
      click(1, 1),
      click(1, 1),
      click(1, 2, 'http://shop.example/b'),
      click(2, 3),
    );
    put('1234_CLICK_20260131_190000.txt.gpg', gpg.encrypt(clicks));
    // Packed anew under another name, and delivered again together with one that is new.
    put('1234_CLICK_20260131_200000.txt.gpg', gpg.encrypt(clicks));
    put(
      '1234_CLICK_20260131_210000.txt',
      text(clickHeader, click(1, 1), click(1, 1), click(1, 9), 'too|short'),
    );
    put('1234_OPEN_20260131_190000.txt.gpg', gpg.encrypt(text(clickHeader, click(2, 4))).subarray(0, -40));
    put('777_CLICK_20260131_190000.txt', text(clickHeader, click(1, 1)));
    put('readme.txt', 'not an event file');

    const accounts = await product.json('options', 'accounts', 'Files');
    assert.deepEqual(accounts, [
      { accountId: '1234', files: 5, from: '20260131', to: '20260131' },
      { accountId: '777', files: 1, from: '20260131', to: '20260131' },
    ]);
    const { id } = (await product.json(
      'jobs',
      'start',
      jobFile({ accountIds: [1234], afterSuccess: 'move done' }),
    )) as { id: string };
    const shown = await shownAs(id, ({ files }) => files.done + files.repeated === 4 && files.failed === 1);
    assert.deepEqual(
      [shown.files.done, shown.files.repeated, shown.events],
      [3, 1, { total: 7, known: 2, rejected: 1, nobodys: 0, byType: { CLICK: 5, SENT: 2 } }],
    );
    const rejected = await product.json('jobs', 'rejected', id);
    assert.deepEqual(rejected, [
      {
        file: '1234_CLICK_20260131_210000.txt',
        line: 5,
        reason: 'the line has 2 cells, the header 9',
      },
    ]);
    const ann = await profileOf('ann@example.com');
    assert.equal(ann?.['email_click_ct'], 4);
    assert.equal(ann['email_sent_ct'], 1);
    assert.equal(ann['rs_user_id'], '1');
    assert.equal(ann['email_last_click_ts'], '2026-01-31T19:00:09.000Z');
    assert.deepEqual(ann['email_urls'], ['http://shop.example/a', 'http://shop.example/b']);
    assert.deepEqual(ann['hour_of_week'], { 162: 1, 163: 4 });
    const bob = await profileOf('bob@example.com');
    assert.equal(bob?.['email_click_ct'], 1);
    assert.equal(bob['email_open_ct'], undefined, 'nothing of a truncated file');
    const files = (await product.json('jobs', 'files', id)) as {
      path: string;
      state: string;
      reason: string;
    }[];
    const open = files.find(({ path }) => path.startsWith('1234_OPEN'));
    assert.equal(open?.state, 'failed');
    assert.notEqual(open.reason, '');

    // Delivered anew and whole, it is another file; and a pause holds off what comes meanwhile.
    await product.json('jobs', 'pause', id);
    put('1234_OPEN_20260131_190000.txt.gpg', gpg.encrypt(text(clickHeader, click(2, 4))));
    await wait(2_500);
    assert.equal(((await product.json('jobs', 'show', id)) as ShownImport).events.total, 7);
    await product.json('jobs', 'resume', id);
    await shownAs(id, ({ events }) => events.total === 8);
    assert.equal((await profileOf('bob@example.com'))?.['email_open_ct'], 1);
    await product.json('jobs', 'stop', id);
    await shownAs(id, ({ state }) => state === 'stopped');
  });

  test('a worker that is killed in the midst of a file costs nothing (kill -9)', async () => {
    const people = 400;
    const rows = 120_000;
    const lines = Array.from({ length: rows }, (_, at) => click(1_000 + (at % people), at));
    put('1234_CLICK_20260201_000000.txt.gpg', gpg.encrypt(text(clickHeader, ...lines)));
    const { id } = (await product.json(
      'jobs',
      'start',
      jobFile({ label: 'Killed', startDate: '2026-02-01' }),
    )) as { id: string };
    const readTo = async (): Promise<number> =>
      (
        await store.query<{ read_to: string }>('select read_to from event_files where job_id = $1', [id])
      ).rows.reduce((_, row) => Number(row.read_to), 0);
    let kills = 0;
    for (let above = 0; kills < 3 && above < rows; kills++) {
      while ((await readTo()) <= above) await wait(20);
      above = await readTo();
      if (above < rows) await product.killWorker();
    }
    assert.ok(kills >= 1);
    const shown = await shownAs(id, ({ files }) => files.done === 1);
    assert.deepEqual([shown.events.total, shown.events.known, shown.events.rejected], [rows, 0, 0]);
    const { rows: counted } = await store.query<{
      people: string;
      clicks: string;
      least: number;
      most: number;
    }>(
      `select count(*) as people, sum(ct) as clicks, min(ct) as least, max(ct) as most
         from (select (fields ->> 'email_click_ct')::int as ct from profiles
                where (fields ->> 'rs_user_id')::int >= 1000) as counts`,
    );
    assert.deepEqual(counted, [
      { people: String(people), clicks: String(rows), least: rows / people, most: rows / people },
    ]);
  });
});
