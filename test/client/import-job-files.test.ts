/** `jobs plan`, `apply` and `create` of imports, against OpenSSH's server. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { importActivityWorkflowId } from '../../jobs/job-id.ts';
import { unlessMissing } from '../harness/programs.ts';
import { startSshServer } from '../harness/sshd.ts';
import type { SshServer } from '../harness/sshd.ts';
import { keys, noTerminal, openTerminal } from '../harness/terminal.ts';
import { authorizeSftp, shownImport } from './imports.ts';
import type { ShownImport } from './imports.ts';
import { startProduct } from './product.ts';
import type { Product } from './product.ts';

const header = 'EVENT_TYPE_ID|ACCOUNT_ID|LIST_ID|RIID|EVENT_CAPTURED_DT|CAMPAIGN_ID|LAUNCH_ID|EMAIL';
const sent = (riid: number): string =>
  `1|1234|5|${riid}|31-Jan-2026 18:00:00|900|901|zoe${riid}@canary-example.com`;

interface Planned {
  readonly job: object | null;
  readonly faults: readonly string[];
  readonly files: readonly object[];
  readonly leftAlone: number;
  readonly sample: { readonly name: string; readonly columns: readonly string[] } | null;
}
interface Applied {
  readonly outcome: string;
  readonly id: string;
  readonly state: string;
  readonly differences: readonly { readonly field: string }[];
}

describe('an import by its file', unlessMissing('sshd', 'ssh-keygen'), () => {
  let product: Product;
  let server: SshServer;
  before(async () => {
    server = await startSshServer();
    product = await startProduct();
    await authorizeSftp(product, server, { kind: 'responsys-sftp', label: 'Files' });
    mkdirSync(join(server.home, 'events'));
    put('1234_SENT_20260131_180000.txt', [header, sent(1), sent(2)]);
    put('1234_SENT_20260201_180000.txt', [header, sent(3)]);
    put('777_CLICK_20260131_190000.txt', [header, sent(4)]);
    put('readme.txt', ['hello']);
  });
  after(async () => {
    await product.close();
    await server.stop();
  });
  const put = (name: string, lines: readonly string[]): void =>
    writeFileSync(join(server.home, 'events', name), `${lines.join('\r\n')}\r\n`);
  const jobFile = (changes: object): string =>
    product.write(
      'import.yaml',
      JSON.stringify({
        job: 'import-activity',
        authorization: 'Files',
        label: 'Events',
        folder: 'events',
        accountIds: [1234],
        customDelimiter: '|',
        interval: '1s',
        stableFor: '1s',
        ...changes,
      }),
    );
  const shownAs = (id: string, isSo: (shown: ShownImport) => boolean) => shownImport(product, id, isSo);

  test('a plan says what would be taken, by account and event, and imports nothing', async () => {
    const planned = (await product.json('jobs', 'plan', jobFile({}))) as Planned;
    const bytes = [header, sent(1), sent(2), header, sent(3)].join('\r\n').length + 2;
    assert.deepEqual(planned.files, [
      { accountId: '1234', eventType: 'SENT', files: 2, bytes, from: '20260131', to: '20260201' },
    ]);
    assert.equal(planned.leftAlone, 2);
    assert.equal(planned.job, null);
    assert.equal(planned.sample?.name, '1234_SENT_20260131_180000.txt');
    assert.deepEqual(planned.sample.columns, header.toLowerCase().split('|'));
    assert.deepEqual(await product.json('jobs', 'list'), []);
  });

  test('a plan names everything that is wrong: folder, delimiter, mapping, authorization, kind of job', async () => {
    const folder = await product.run('jobs', 'plan', jobFile({ folder: 'nowhere' }));
    assert.equal(folder.code, 3, folder.err);
    assert.match(folder.err, /CONFIGURATION_REFUSED {2}Folder: there is no "nowhere" on the server\./);
    product.write('own.lql', 'SELECT nonsense');
    const wrong = await product.run('jobs', 'plan', jobFile({ customDelimiter: ';', mapping: 'own.lql' }));
    assert.match(wrong.err, /mapping, line 1, column \d+: /);
    assert.match(wrong.err, /customDelimiter: 1234_SENT_20260131_180000\.txt: .*\|/);
    const nobody = await product.run('jobs', 'plan', jobFile({ authorization: 'Nobody' }));
    assert.match(nobody.err, /authorization: .*Nobody/);
    const kind = await product.run('jobs', 'plan', jobFile({ job: 'import' }));
    assert.equal(kind.code, 2);
    assert.match(kind.err, /job: "import" is no kind of job; there are export-audience, import-activity/);
  });

  test('the same file is the same job; a changed one holds from the next file on, whether the job runs or not', async () => {
    const started = (await product.json('jobs', 'apply', jobFile({}))) as Applied;
    assert.equal(started.outcome, 'started');
    await shownAs(started.id, ({ events }) => events.total === 3);
    const same = (await product.json('jobs', 'apply', jobFile({}))) as Applied;
    assert.deepEqual([same.outcome, same.id], ['unchanged', started.id]);
    // An hour, so that only the change itself makes it look.
    const slow = (await product.json('jobs', 'apply', jobFile({ interval: '1h' }), '--yes')) as Applied;
    assert.deepEqual([slow.outcome, slow.state], ['changed', 'running']);
    const changed = { accountIds: [1234, 777], parallelFiles: 1 };
    const elsewhere = await product.run('jobs', 'apply', jobFile({ folder: '' }), '--yes');
    assert.match(elsewhere.err, /CHANGE_REFUSED {2}folder: from "events" to "" would mean other files/);
    const unasked = await product.run('jobs', 'apply', jobFile(changed));
    assert.match(unasked.err, /USAGE {2}There is no terminal to ask at/);
    const running = (await product.json('jobs', 'apply', jobFile(changed), '--yes')) as Applied;
    assert.deepEqual([running.outcome, running.id], ['changed', started.id]);
    assert.deepEqual(
      running.differences.map(({ field }) => field),
      ['accountIds', 'interval', 'parallelFiles'],
    );
    const { events } = await shownAs(started.id, (shown) => shown.events.total === 4);
    assert.equal(events.known, 0);
    await product.json('jobs', 'stop', 'Events');
    await shownAs(started.id, ({ state }) => state === 'stopped');
    const again = (await product.json('jobs', 'apply', jobFile({}), '--yes')) as Applied;
    assert.deepEqual([again.outcome, again.id], ['started-again', started.id]);
    await product.json('jobs', 'stop', 'Events');
  });

  test('a type of files that is late is told by "jobs show" and in live details, as long as the job looks', async () => {
    mkdirSync(join(server.home, 'late'));
    const deliver = (account: number, riid: number, hoursAgo: number): void => {
      const writtenAt = new Date(Date.now() - hoursAgo * 3_600_000);
      const stamp = `20260131_${String(100_000 - hoursAgo).padStart(6, '0')}`;
      const path = join(server.home, 'late', `${account}_CLICK_${stamp}.txt`);
      writeFileSync(path, `${header}\r\n${sent(riid)}\r\n`);
      utimesSync(path, writtenAt, writtenAt);
    };
    for (const [at, hours] of [14, 20, 26, 32].entries()) deliver(777, 100 + at, hours);
    for (const [at, hours] of [5, 11, 17, 23].entries()) deliver(1234, 200 + at, hours);
    writeFileSync(join(server.home, 'late', 'readme.txt'), 'hello');
    writeFileSync(join(server.home, 'late', '777_OPEN_20260131_000000.txt'), `${header}\r\ntoo|short\r\n`);
    const job = jobFile({ label: 'Late', folder: 'late', accountIds: [] });
    const { id } = (await product.json('jobs', 'start', job)) as { id: string };
    await shownAs(id, ({ files }) => files.done === 9);
    const words = 'no CLICK file of the account 777 since 14 h (usual: 6 h)';
    const { out } = await product.run('jobs', 'show', id);
    assert.deepEqual(
      out.split('\n').flatMap((line) => /^late +(no .*?) *$/.exec(line)?.[1] ?? []),
      [words],
      out,
    );
    // On a busy machine the workflow may not answer in time, and the store does not know this number.
    assert.match(out, /^left alone +(1|unknown: its workflow does not answer) *$/m);
    assert.match(out, new RegExp(`^which rows, and why +lytics-responsys jobs rejected ${id} *$`, 'm'));
    assert.doesNotMatch(out, /which files/);
    const workflow = product.temporal.workflow.getHandle(importActivityWorkflowId(id));
    const details = async (): Promise<string> =>
      JSON.stringify(await workflow.query('__temporal_workflow_metadata'));
    assert.ok((await details()).includes(`Late: ${words}`), await details());

    await product.json('jobs', 'pause', id);
    const { overdue } = (await product.json('jobs', 'show', id)) as { overdue: readonly object[] };
    assert.deepEqual(overdue, []);
    await product.json('jobs', 'stop', id);
  });

  test(
    'asks for an import in the specification’s order, and browses the server',
    { skip: noTerminal },
    async () => {
      const file = join(product.folder, 'created.yaml');
      const main = join(import.meta.dirname, '..', '..', 'client', 'main.ts');
      const terminal = openTerminal([process.execPath, main, 'jobs', 'create', '--file', file], product.env);
      const { enter, down, space } = keys;
      await terminal.answer(/Job type[^]*Import Activity Data/, down, enter);
      await terminal.answer(/Authorization[^]*Files[^]*create a new one/, enter);
      await terminal.answer(/Label/, 'Asked', enter);
      await terminal.answer(/Description \(optional\)/, enter);
      await terminal.answer(/Folder \([^]*this one, with 0 event files[^]*events\//, down, enter);
      await terminal.answer(/this one, with 3 event files/, enter);
      await terminal.answer(
        /Account Ids[^]*◉ 1234 \(2 files, 20260131 to 20260201\)[^]*◉ 777 \(1 files/,
        down,
        space,
        enter,
      );
      await terminal.answer(/Custom Delimiter/, '|', enter);
      await terminal.answer(/Nothing was imported\.[^]*Start the job\?/, 'n', enter);
      const { code, shown } = await terminal.end();
      assert.equal(code, 0, shown);
      assert.ok(existsSync(file));
      assert.deepEqual(parse(readFileSync(file, 'utf8')), {
        job: 'import-activity',
        authorization: 'Files',
        label: 'Asked',
        folder: 'events',
        accountIds: ['1234'],
        customDelimiter: '|',
      });
    },
  );
});
