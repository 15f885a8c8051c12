/**
 * `npm run demo`: starts everything embedded, exports an audience of generated people into the sandbox, lets
 * some in and out while it runs, imports what they did from event files, mails those who clicked twice, and shows
 * what became of everybody. Ends with 0 when the numbers add up.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { followCampaign, startCampaign } from './campaign.ts';
import { exportPeople } from './export.ts';
import { importEvents } from './import.ts';
import { startProduct } from './processes.ts';
import type { Product } from './processes.ts';
import { exportTable, importTable, mailsTable, profilesTable } from './tables.ts';

const { values: flags } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    members: { type: 'string', default: '5000' },
    events: { type: 'string', default: '20000' },
  },
});

/** Those whom the demo lets leave are up to there. */
const fewestMembers = 800;
if (!(Number(flags.members) >= fewestMembers)) {
  process.stderr.write(`--members: "${flags.members}" is no number from ${fewestMembers} on.\n`);
  process.exit(2);
}

const say = (line: string): void => void (flags.json ? process.stderr : process.stdout).write(`${line}\n`);

async function demo(product: Product, folder: string): Promise<boolean> {
  const startedMs = Date.now();
  const exported = await exportPeople(product, folder, Number(flags.members), say);
  const campaign = await startCampaign(product, folder, say);
  const imported = await importEvents(product, folder, Number(flags.events), say);
  const mailed = await followCampaign(product, campaign, say);
  const seconds = Math.round((Date.now() - startedMs) / 100) / 10;
  const { page } = product.ready.sandbox;
  const differing = [...exported.differing, ...imported.differing, ...mailed.differing];
  const addsUp = differing.length === 0;
  if (flags.json) {
    const { people: audienceMembers, summary } = exported;
    const told = {
      ...summary,
      audienceMembers,
      import: imported,
      campaign: mailed,
      seconds,
      sandboxPage: page,
      addsUp,
      differing,
    };
    process.stdout.write(`${JSON.stringify(told, null, 2)}\n`);
    return addsUp;
  }
  say(exportTable(exported));
  say(importTable(imported));
  say(profilesTable(imported));
  say(mailsTable(mailed));
  say(`Export in the Web UI: ${exported.summary.url}`);
  say(`Import in the Web UI: ${imported.summary.url}`);
  say(`Mails in the Web UI:  ${mailed.url}`);
  say(`What Responsys has:   ${page}`);
  say(
    addsUp
      ? `The sandbox holds exactly the valid members, every row of its files is an event or rejected, and whoever clicked twice, and did not opt out, has one mail: the numbers add up, in ${seconds} seconds.`
      : `The numbers do not add up:\n  ${differing.join('\n  ')}`,
  );
  return addsUp;
}

const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-demo-'));
let product: Product | undefined;
let stopping: Promise<void> | undefined;
const clean = (): Promise<void> =>
  (stopping ??= (async () => {
    await product?.stop();
    rmSync(folder, { recursive: true, force: true });
  })());
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => void clean().then(() => process.exit(130)));
try {
  say('Starting Temporal, PostgreSQL, the sandbox and a worker …');
  product = await startProduct(join(folder, 'data'));
  const good = await demo(product, folder);
  process.exitCode = good ? 0 : 1;
  if (flags.keep) {
    say(
      `\nLeft up to look at; the client's commands find it with LYTICS_RESPONSYS_DATA=${join(folder, 'data')}. Ctrl-C stops it.`,
    );
    await new Promise(() => setInterval(() => undefined, 60_000));
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await clean();
}
