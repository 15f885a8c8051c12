/** Authorizations at rest: what is sealed, and what a wrong or moved secret gives. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ExpectedError } from '../../../jobs/errors.ts';
import {
  addAuthorization,
  findAuthorization,
  listAuthorizations,
  openAuthorization,
  updateAuthorization,
} from '../../../systems/store/authorizations.ts';
import { openStore } from '../../../systems/store/database.ts';
import type { Pool } from '../../../systems/store/database.ts';
import { keyFrom, seal, unseal } from '../../../systems/store/secrets.ts';
import { freshDatabase } from '../../harness/postgres.ts';

const key = keyFrom(randomBytes(32).toString('base64'));
const otherKey = keyFrom(randomBytes(32).toString('base64'));
const database = await freshDatabase();
let store: Pool;

before(async () => {
  store = await openStore(database.url);
});
after(async () => {
  await store.end();
  await database.drop();
});

const pgp = (label: string) => ({
  kind: 'responsys-sftp-with-pgp' as const,
  label,
  description: '',
  host: 'files.responsys.net',
  port: 22,
  username: 'canary-user',
  privateKey: 'canary-private-key',
  folder: '',
  pgpPrivateKey: 'canary-pgp-key',
  pgpPassphrase: 'canary-passphrase',
});

const saying = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof ExpectedError && error.code === code && words.test(error.message);

test('Secrets come back whole, and stand nowhere in the row that holds them', async () => {
  const { id } = await addAuthorization(store, key, pgp('Whole'));
  assert.deepEqual((await openAuthorization(store, key, id)).authorization, pgp('Whole'));
  const { rows } = await store.query<{ text: string; sealed: Buffer }>(
    'select authorizations::text as text, sealed_secrets as sealed from authorizations where id = $1',
    [id],
  );
  const row = `${rows[0]?.text}${rows[0]?.sealed.toString('latin1')}`;
  assert.match(row, /canary-user/);
  assert.doesNotMatch(row, /canary-(private-key|pgp-key|passphrase)/);
  assert.doesNotMatch(
    JSON.stringify(await listAuthorizations(store)),
    /canary-(private-key|pgp-key|passphrase)/,
  );
});

test('A sealed secret that is moved to another row cannot be read there', async () => {
  const mine = await addAuthorization(store, key, pgp('Mine'));
  const theirs = await addAuthorization(store, key, pgp('Theirs'));
  await store.query(
    'update authorizations set sealed_secrets = (select sealed_secrets from authorizations where id = $1) where id = $2',
    [mine.id, theirs.id],
  );
  await assert.rejects(openAuthorization(store, key, theirs.id), ExpectedError);
});

test('Another master key is told by the name of its variable', async () => {
  const { id } = await addAuthorization(store, key, pgp('Keyed'));
  await assert.rejects(
    openAuthorization(store, otherKey, id),
    saying('INPUT_NOT_VALID', /LYTICS_RESPONSYS_KEY: is not the key/),
  );
  assert.throws(() => keyFrom('c2hvcnQ='), saying('INPUT_NOT_VALID', /expected 32 bytes in base64/));
});

test('A changed byte of a sealed text is noticed, wherever it is', () => {
  const sealed = seal(key, 'label', Buffer.from('secret'));
  assert.equal(unseal(key, 'label', sealed).toString(), 'secret');
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => unseal(key, 'label', changed), `byte ${at}`);
  }
});

test('A label is unique; an update counts the version and keeps the id', async () => {
  const first = await addAuthorization(store, key, pgp('First'));
  await assert.rejects(addAuthorization(store, key, pgp('First')), saying('CONFLICT', /"First" is taken/));
  const updated = await updateAuthorization(store, key, first.id, { ...pgp('Second'), pgpPassphrase: 'new' });
  assert.deepEqual([updated.id, updated.label, updated.version], [first.id, 'Second', first.version + 1]);
  const { authorization } = await openAuthorization(store, key, first.id);
  assert.equal(authorization.kind === 'responsys-sftp-with-pgp' && authorization.pgpPassphrase, 'new');
  await assert.rejects(findAuthorization(store, 'First'), saying('NOT_FOUND', /none called "First"/));
});
