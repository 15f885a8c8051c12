/** Files that are taken away or replaced while they are read: nothing is half counted, and what became is told. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { importStatusQuery } from '../../jobs/import-messages.ts';
import { importActivityWorkflowId } from '../../jobs/job-id.ts';
import { unlessMissing } from '../harness/programs.ts';
import { startProxy } from '../harness/proxy.ts';
import type { Proxy } from '../harness/proxy.ts';
import { openEventFolder } from './event-folder.ts';
import type { EventFolder } from './event-folder.ts';
import { authorizeSftp } from './imports.ts';

const rows = 20_000;
const header = 'RIID|EVENT_CAPTURED_DT|OFFER_URL';
const clicks = (riid: number, count: number): string =>
  [header]
    .concat(
      Array.from({ length: count }, (_, at) => `${riid}|31-Jan-2026 19:00:00|http://shop.example/${at}`),
    )
    .join('\n') + '\n';
const isAtRest = ({ state }: { readonly state: string }): boolean =>
  !['waiting', 'ready', 'reading'].includes(state);
/** More than a listing carries, less than the files have. */
const midst = 300_000;

describe('Files that do not stay', unlessMissing('sshd', 'ssh-keygen', 'gpg'), () => {
  let folder: EventFolder;
  let proxy: Proxy;
  let jobId: string;
  before(async () => {
    folder = await openEventFolder();
    proxy = await startProxy(folder.server.port);
    const server = { ...folder.server, port: proxy.port };
    await authorizeSftp(folder.product, server, { kind: 'responsys-sftp', label: 'Held' });
    jobId = await folder.start('Held');
  });
  after(async () => {
    await proxy.close();
    await folder.close();
  });
  const clicksOf = async (riid: number): Promise<number> =>
    (
      await folder.store.query<{ clicks: number }>(
        `select coalesce(sum((fields ->> 'email_click_ct')::int), 0)::int as clicks from profiles
          where fields ->> 'rs_user_id' = $1`,
        [String(riid)],
      )
    ).rows[0]?.clicks ?? -1;

  test('one that vanishes while it is read is set aside, and nothing of it counts', async () => {
    const name = '1_CLICK_20260131_190000.txt';
    const held = proxy.heldAt(midst);
    folder.put(name, clicks(1_001, rows));
    const connection = await held;
    rmSync(join(folder.home, name));
    connection.goOn();
    const [file] = await folder.filesAre(jobId, ([one]) => one?.state === 'set-aside');
    assert.match(file?.reason ?? '', /no longer on the server/);
    assert.equal(file?.events, 0);
    assert.equal(await clicksOf(1_001), 0);
    rmSync(join(folder.home, name), { force: true });
  });

  test('one that is replaced while it is read counts once, as what it became', async () => {
    // What shows at the first bytes to be damaged is not called so either: it may be half written.
    for (const [at, was] of [clicks(1_002, rows), Buffer.alloc(2 * midst)].entries()) {
      const name = `1_CLICK_20260131_19001${at}.txt`;
      const riid = 1_010 + at;
      const held = proxy.heldAt(midst);
      folder.put(name, was);
      const connection = await held;
      folder.put(name, clicks(riid, rows + 500));
      connection.goOn();
      const of = <File extends { readonly path: string }>(all: readonly File[]) =>
        all.filter(({ path }) => path === name);
      const files = of(await folder.filesAre(jobId, (all) => of(all).some(isAtRest)));
      assert.deepEqual(
        files.map(({ state, events, known }) => ({ state, events, known })),
        [{ state: 'done', events: rows + 500, known: 0 }],
      );
      assert.equal(await clicksOf(riid), rows + 500);
    }
    assert.equal(await clicksOf(1_002), 0);
  });

  test('one that waits for its marker has nobody look before the next look is due', async () => {
    folder.put('2_CLICK_20260131_190000.txt', clicks(1_003, 10));
    const job = { label: 'Marked', marker: '.ready', accountIds: ['2'], interval: '1h' };
    const id = await folder.start('Held', job);
    await folder.filesAre(id, ([file]) => file?.state === 'waiting');
    // Longer than a file has to stay as it is.
    await wait(3_500);
    const { nextLookAt } = await folder.product.temporal.workflow
      .getHandle(importActivityWorkflowId(id))
      .query(importStatusQuery);
    assert.ok(Date.parse(nextLookAt ?? '') > Date.now() + 1_800_000, `it looks at ${nextLookAt}`);
  });
});
