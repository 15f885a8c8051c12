/**
 * Import Activity Data through good files and bad ones, with canaries in rows that are read, in rows that are
 * rejected, in files that cannot be read at all, and in every secret: none of them is in anything that Temporal
 * shows, in the worker's log, or in what commands of watching and steering print.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as openpgp from 'openpgp';
import type { ShownImport } from '../client/imports.ts';
import { unlessMissing } from '../harness/programs.ts';
import { passphrase, startSshServer } from '../harness/sshd.ts';
import type { SshServer } from '../harness/sshd.ts';
import type { PlantedValues } from './planted-values.ts';
import { findCanaries } from './search.ts';
import { startUnderWatch } from './under-watch.ts';
import type { UnderWatch } from './under-watch.ts';

test(
  'Import Activity Data shows nobody and no secret, whatever happens to it',
  unlessMissing('sshd', 'ssh-keygen'),
  async () => {
    const [watched, server] = await Promise.all([startUnderWatch(), startSshServer()]);
    try {
      await importUnderTrouble(watched, server);
      assert.deepEqual(await watched.finds(), []);
    } finally {
      await watched.close();
      await server.stop();
    }
  },
);

async function importUnderTrouble(watched: UnderWatch, server: SshServer): Promise<void> {
  const { product, store, planted, run, done, shownAs, look, asked } = watched;
  const shown = (id: string, isSo: (shown: ShownImport) => boolean): Promise<ShownImport> =>
    shownAs(id, isSo);
  const pgp = await pgpKeys(planted);
  planted.add('SSH key', server.locked.pkcs8);
  planted.add('SSH passphrase', passphrase);
  const add = (label: string, changes: object = {}): Promise<unknown> => {
    const login = {
      kind: 'responsys-sftp-with-pgp',
      label,
      host: '127.0.0.1',
      port: server.port,
      username: server.username,
      privateKey: server.locked.pkcs8,
      privateKeyPassphrase: passphrase,
      hostKeyFingerprint: server.fingerprint,
      pgpPrivateKey: pgp.privateKey,
      pgpPassphrase: planted.text('PGP passphrase'),
      ...changes,
    };
    return run('authorizations', 'add', '--from-file', product.write('login.json', JSON.stringify(login)));
  };
  await add('Locked', { privateKeyPassphrase: planted.text('wrong SSH passphrase') });
  await add('Sealed', { pgpPassphrase: planted.text('wrong PGP passphrase') });
  await add('Files');

  const put = (name: string, content: string | Uint8Array): void =>
    writeFileSync(join(server.home, name), content);
  const { encrypt } = pgp;
  put('1234_CLICK_20260131_180000.txt', events(planted));
  put('1234_CLICK_20260131_190000.txt.gpg', (await encrypt(events(planted))).subarray(0, -40));
  const encrypted = text(header, click({ EMAIL: planted.address('address under PGP') }));
  put('1234_CLICK_20260131_200000.txt.gpg', await encrypt(encrypted));
  put(
    '1234_CLICK_20260131_210000.txt',
    text(click({ EMAIL: planted.address('address in place of a header') })),
  );
  put('1234_CLICK_20260131_220000.txt.gpg', planted.text('nothing encrypted'));
  const file = product.write(
    'import.yaml',
    JSON.stringify({
      job: 'import-activity',
      authorization: 'Files',
      label: 'Events',
      accountIds: [1234],
      customDelimiter: '|',
      interval: '1s',
      stableFor: '1s',
    }),
  );
  for (const form of [[], ['--json']]) await run('jobs', 'plan', file, ...form);
  const { id } = await done<{ id: string }>('jobs', 'start', file);
  await look('at the beginning');
  await shown(id, ({ files }) => files.done >= 2 && files.setAside + files.failed >= 3);
  await look('with files that cannot be read');
  for (const words of [['list'], ['show', id], ['files', id], ['rejected', id]])
    for (const form of [[], ['--json']]) assert.equal((await run('jobs', ...words, ...form)).code, 0);
  await asked('jobs', 'rejected', id, '--csv', join(product.folder, 'rejected.csv'));
  await done('jobs', 'pause', id);
  await done('jobs', 'resume', id);
  await done('jobs', 'retry', id);
  server.cut();
  await run('jobs', 'poll', id);
  // From now on a stranger answers.
  await server.changeHostKey();
  await shown(id, ({ state }) => state === 'parked');
  await look('with another host key');
  await run('jobs', 'stop', id);
  for (const form of [[], ['--json']]) await run('jobs', 'watch', id, ...form);

  // They were there to be shown: in the stream, and in profiles.
  const { rows } = await store.query<Record<string, unknown>>(
    "select coalesce((select jsonb_agg(responsys_events) from responsys_events), '[]') as events, coalesce((select jsonb_agg(fields) from profiles), '[]') as people",
  );
  const arrived = new Set(
    findCanaries(planted.all(), [{ place: 'store', content: rows }]).map(({ canary }) => canary),
  );
  for (const name of [
    'address of an event',
    'customer id of an event',
    'link of an event',
    'address under PGP',
  ])
    assert.ok(arrived.has(name), `${name} was never imported`);
}

const columns = {
  EVENT_TYPE_ID: '5',
  ACCOUNT_ID: '1234',
  LIST_ID: '5',
  RIID: '7',
  CUSTOMER_ID: '',
  EVENT_CAPTURED_DT: '31-Jan-2026 18:00:00',
  CAMPAIGN_ID: '900',
  LAUNCH_ID: '901',
  OFFER_URL: 'http://shop.example/',
  EMAIL: '',
};
const header = Object.keys(columns).join('|');
const click = (changes: Partial<typeof columns>): string =>
  Object.values({ ...columns, ...changes }).join('|');
const text = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n`;

/** A good row, and one of each kind that is rejected or about nobody. */
const events = (planted: PlantedValues): string =>
  text(
    header,
    click({
      EMAIL: planted.address('address of an event'),
      CUSTOMER_ID: planted.text('customer id of an event'),
      OFFER_URL: `http://shop.example/?who=${planted.text('link of an event')}`,
    }),
    `short|${planted.text('cell of a short row')}`,
    click({
      EMAIL: planted.address('address with a wrong time'),
      EVENT_CAPTURED_DT: planted.text('wrong time'),
    }),
    click({ EMAIL: planted.address('address with a wrong RIID'), RIID: planted.text('wrong RIID') }),
    `"${planted.text('cell with an open quote')}`,
  );

interface PgpKeys {
  readonly privateKey: string;
  readonly encrypt: (plain: string) => Promise<Uint8Array>;
}

async function pgpKeys(planted: PlantedValues): Promise<PgpKeys> {
  const pair = await openpgp.generateKey({
    userIDs: [{ email: 'events@example.com' }],
    passphrase: planted.text('PGP passphrase'),
    format: 'object',
  });
  const privateKey = pair.privateKey.armor();
  planted.add('PGP key', privateKey);
  return {
    privateKey,
    encrypt: async (plain) => {
      const message = await openpgp.createMessage({ binary: Buffer.from(plain) });
      const encrypted: unknown = await openpgp.encrypt({
        message,
        encryptionKeys: pair.publicKey,
        format: 'binary',
      });
      assert.ok(encrypted instanceof Uint8Array);
      return encrypted;
    },
  };
}
