/** The host key that `authorizations add` shows at a real terminal, from the sandbox's SFTP server. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { errorKinds } from '../../jobs/errors.ts';
import { keys, noTerminal, openTerminal } from '../harness/terminal.ts';
import { startProduct } from './product.ts';
import type { Product } from './product.ts';

let product: Product;
before(async () => {
  product = await startProduct();
});
after(() => product.close());

const main = join(import.meta.dirname, '..', '..', 'client', 'main.ts');
const shownKey = /shows the host key (SHA256:\S+)\. Is that the one its owner names\?/;

/** Answers all questions, and this one to the last. */
async function add(confirmed: 'y' | 'n'): Promise<{ readonly code: number; readonly shown: string }> {
  const { sftp } = product.sandbox;
  const { enter, down } = keys;
  const terminal = openTerminal([process.execPath, main, 'authorizations', 'add'], product.env);
  await terminal.answer(/Method for authorization[^]*Responsys SFTP Server/, down, enter);
  await terminal.answer(/Label/, 'My files', enter);
  await terminal.answer(/Description/, enter);
  await terminal.answer(/Host – such as files\.responsys\.net/, sftp.host, enter);
  await terminal.answer(/Port/, String(sftp.port), enter);
  await terminal.answer(/Username/, sftp.username, enter);
  await terminal.answer(/Private Key, path of the file/, sftp.privateKeyFile, enter);
  await terminal.answer(/Folder/, 'download', enter);
  await terminal.answer(/Private Key Passphrase/, enter);
  await terminal.answer(shownKey, confirmed, enter);
  return terminal.end();
}

test(
  'a host key is stored only when somebody has said that it is the right one',
  { skip: noTerminal },
  async () => {
    const { hostKeyFingerprint } = product.sandbox.sftp;
    const refused = await add('n');
    assert.equal(shownKey.exec(refused.shown)?.[1], hostKeyFingerprint);
    assert.equal(refused.code, errorKinds.CONFLICT.exit, refused.shown);
    assert.match(refused.shown, /Host Key Fingerprint: not confirmed, so nothing was stored/);
    assert.deepEqual(await product.json('authorizations', 'list'), []);

    const added = await add('y');
    assert.equal(added.code, 0, added.shown);
    assert.match(added.shown, /Added My files \(Responsys SFTP Server\)/);
    const found = (await product.json('authorizations', 'test', 'My files')) as Readonly<
      Record<string, unknown>
    >;
    assert.deepEqual([found['host key'], found['folder']], [hostKeyFingerprint, '/download']);
  },
);
