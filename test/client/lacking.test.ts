/** Each command that is for some kinds of job alone, with a job of each other kind. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { inPlaceOf, titles } from '../../client/kinds/lacking.ts';
import type { KindsOwn } from '../../client/kinds/lacking.ts';
import { startCommands } from '../harness/commands.ts';
import type { Commands } from '../harness/commands.ts';
import { openTestStore } from '../harness/store.ts';
import type { TestStore } from '../harness/store.ts';

let opened: TestStore;
let commands: Commands;
before(async () => {
  opened = await openTestStore();
  for (const kind of Object.keys(titles))
    await opened.store.query(
      `insert into jobs (id, kind, label, authorization_id, configuration) values ($1, $2, $1, 'a', '{}')`,
      [`My ${kind}`, kind],
    );
  commands = startCommands({
    ...process.env,
    LYTICS_RESPONSYS_DATABASE_URL: opened.url,
    LYTICS_RESPONSYS_KEY: randomBytes(32).toString('base64'),
    // Nothing of it is asked.
    TEMPORAL_ADDRESS: '127.0.0.1:1',
  });
});
after(async () => {
  await commands.close();
  await opened.close();
});

/** What each takes beside the job. */
const more: Partial<Record<KindsOwn, readonly string[]>> = {
  history: ['--email', 'ann@example.com'],
  'retry --file': ['x'],
  'retry --reason': ['x'],
};

const [audience, campaign, files] = ['export-audience', 'export-campaign', 'import-activity'] as const;
const table: Readonly<Record<KindsOwn, readonly (keyof typeof titles)[]>> = {
  verify: [campaign, files],
  outcomes: [audience, files],
  'send-unknown': [audience, files],
  poll: [audience, campaign],
  rebuild: [audience, campaign],
  files: [audience, campaign],
  rejected: [audience, campaign],
  failures: [files],
  history: [files],
  flush: [files],
  backfill: [files],
  approve: [files],
  'retry --file': [audience, campaign],
  'retry --reason': [files],
  'watch --until-scanned': [files],
};

test('a command that the job’s kind lacks says which kind it is, and what to use', async () => {
  assert.deepEqual(Object.keys(inPlaceOf), Object.keys(table));
  for (const [command, kinds] of Object.entries(table) as [KindsOwn, (keyof typeof titles)[]][])
    for (const kind of kinds) {
      const [name = '', ...options] = command.split(' ');
      const { code, err } = await commands.run([
        ...['jobs', name, `My ${kind}`],
        ...options,
        ...(more[command] ?? []),
      ]);
      assert.equal(code, 3, `${command} of ${kind}: ${err}`);
      const instead: Partial<Record<string, string>> = inPlaceOf[command];
      const words = `NOT_NOW  job: "My ${kind}" is of the kind ${titles[kind]} (${kind}), which has no "jobs ${command}": ${instead[kind] ?? ''}.`;
      assert.equal(err.trim(), words);
    }
  const { err } = await commands.run(['jobs', 'verify', 'My export-campaign']);
  assert.match(err, /"jobs outcomes" says what became of its mails/);
});
