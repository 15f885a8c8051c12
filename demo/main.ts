/**
 * `npm run demo`: starts everything embedded, exports an audience of generated people into the sandbox, lets
 * some in and out while it runs, and shows what became of everybody. Ends with 0 when the numbers add up.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { z } from 'zod';
import { differences, readHeld } from './check.ts';
import { emailOf, writePeople } from './people.ts';
import { startProduct } from './processes.ts';
import type { Product } from './processes.ts';

const { values: flags } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    members: { type: 'string', default: '5000' },
  },
});

const summarySchema = z.object({
  id: z.string(),
  url: z.string(),
  members: z.object({ sent: z.number(), accepted: z.number(), rejected: z.number(), notInList: z.number() }),
  failures: z.array(z.object({ target: z.string(), code: z.string(), members: z.number() })),
  requests: z.array(z.object({ target: z.string(), requests: z.number(), rows: z.number() })),
  tables: z.array(z.string()),
  queued: z.number().nullable(),
  scan: z.object({ total: z.number(), done: z.number(), state: z.string() }).nullable(),
});
type Summary = z.infer<typeof summarySchema>;

const audience = 'Newsletter readers';
const say = (line: string): void => void (flags.json ? process.stderr : process.stdout).write(`${line}\n`);

async function demo(product: Product, folder: string): Promise<boolean> {
  const { ready, client } = product;
  const startedMs = Date.now();
  const people = await writePeople(join(folder, 'people.csv'), Number(flags.members));
  writeFileSync(
    join(folder, 'authorization.json'),
    JSON.stringify({
      kind: 'responsys-interact',
      label: 'Sandbox',
      username: ready.sandbox.username,
      password: ready.sandbox.password,
      endpointUri: ready.sandbox.login,
    }),
    { mode: 0o600 },
  );
  await client('authorizations', 'add', '--from-file', join(folder, 'authorization.json'));
  await client('audiences', 'import', audience, join(folder, 'people.csv'));
  say(`Imported ${people.members} people into the audience "${audience}".`);

  // JSON is YAML: a job's file may be either.
  writeFileSync(
    join(folder, 'job.yaml'),
    JSON.stringify(
      {
        job: 'export-audience',
        authorization: 'Sandbox',
        label: 'Newsletter readers to Responsys',
        description: 'The demo: members of the audience, their fields and their membership.',
        audience,
        list: 'CONTACTS_LIST',
        matchColumn1: 'EMAIL_ADDRESS_',
        additionalFields: ['loyalty_tier', 'visits'],
        exportAudienceMemberships: [audience],
        defaultPermissionStatus: 'OPTIN',
        flushInterval: '3s',
      },
      null,
      2,
    ),
  );
  const { id } = summarySchema
    .pick({ id: true })
    .parse(await client('jobs', 'start', join(folder, 'job.yaml')));
  say(`Started the job ${id}. Temporal's Web UI: ${ready.uiUrl} · sandbox: ${ready.sandbox.page}`);

  // While the scan runs: eight leave, and twelve new people enter.
  const leaving = Array.from({ length: 8 }, (_, index) => emailOf(index * 100 + 1));
  const entering = Array.from({ length: 12 }, (_, index) => emailOf(people.members + index + 1));
  await client('audiences', 'exit', audience, '--email', ...leaving);
  await client('audiences', 'enter', audience, '--email', ...entering);
  say(`Sent ${leaving.length} people out of the audience and ${entering.length} in.`);

  const names = {
    list: 'CONTACTS_LIST',
    fields: `Lytics_User_Fields_${id}`,
    memberships: 'Lytics_Segments',
    column: 'NEWSLETTER_READERS',
  };
  const good = people.members - people.refused;
  // Whoever leaves before the scan has reached them was never sent, and is not in the list: how many that
  // are is the ledger's to say, the sandbox's to confirm.
  const expected = (neverSent: number) => ({
    members: good - neverSent + entering.length,
    optedOut: people.optedOut,
    isMember: good - leaving.length + entering.length,
    hasLeft: leaving.length - neverSent,
    fieldsRows: good - neverSent,
    accepted: good - neverSent + entering.length,
    rejected: people.refused,
  });
  let last = '';
  let differing: readonly string[] = [];
  let summary: Summary | undefined;
  for (let look = 0; look < 240; look++) {
    summary = summarySchema.parse(await client('jobs', 'show', id));
    const { scan, members, queued } = summary;
    const line = `scanned ${scan?.done ?? 0}/${scan?.total ?? '?'} · accepted ${members.accepted} · rejected ${members.rejected} · queued ${queued ?? '?'}`;
    if (line !== last) say(line);
    last = line;
    if (scan?.state === 'done' && queued === 0) {
      differing = differences(expected(Math.min(members.notInList, leaving.length)), {
        ...(await readHeld(ready.sandbox.login, names)),
        accepted: members.accepted,
        rejected: members.rejected,
      });
      if (differing.length === 0) break;
    }
    await wait(500);
  }
  if (summary === undefined) throw new Error('The job never showed itself.');
  report(summary, people.members + entering.length, Date.now() - startedMs, ready.sandbox.page, differing);
  return differing.length === 0 && summary.scan?.state === 'done';
}

function report(
  summary: Summary,
  members: number,
  tookMs: number,
  page: string,
  differing: readonly string[],
): void {
  const seconds = Math.round(tookMs / 100) / 10;
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({ ...summary, audienceMembers: members, seconds, sandboxPage: page, addsUp: differing.length === 0, differing }, null, 2)}\n`,
    );
    return;
  }
  const table = new Table({ colAligns: ['left', 'right'], style: { head: [], border: [] } });
  const number = (value: number): string => value.toLocaleString('en');
  table.push(
    ['people in all', number(members)],
    ['sent', number(summary.members.sent)],
    ['accepted', number(summary.members.accepted)],
    ['left before they were sent', number(summary.members.notInList)],
    ['rejected', number(summary.members.rejected)],
  );
  for (const failure of summary.failures)
    table.push([`  ${failure.target}: ${failure.code}`, number(failure.members)]);
  for (const { target, requests, rows } of summary.requests)
    table.push([`requests to the ${target}`, `${number(requests)} with ${number(rows)} rows`]);
  table.push(['seconds', String(seconds)]);
  say(table.toString());
  say(`Job in the Web UI:  ${summary.url}`);
  say(`What Responsys has: ${page}`);
  say(
    differing.length === 0
      ? 'The sandbox holds exactly the valid members: the numbers add up.'
      : `The numbers do not add up:\n  ${differing.join('\n  ')}`,
  );
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
