/**
 * `npm run bench`: how fast people come in and go out, embedded, on this machine. It measures and asserts
 * nothing. Importing is measured with its start, as a reader waits for it; the scan by the store's own times.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { z } from 'zod';
import { writePeople } from '../demo/people.ts';
import { startProduct } from '../demo/processes.ts';
import type { Product } from '../demo/processes.ts';
import { measureCommand } from './command.ts';

const { values: flags } = parseArgs({ options: { people: { type: 'string', default: '100000' } } });
const people = Number(flags.people);

interface Line {
  readonly what: string;
  readonly rows: number;
  readonly seconds: number;
  readonly peakBytes?: number | undefined;
}

const audience = 'Bench';

async function measureImports(dataFolder: string, file: string): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const what of ['audiences import, all new', 'audiences import, the same again']) {
    const { seconds, peakBytes } = await measureCommand(dataFolder, 'audiences', 'import', audience, file);
    lines.push({ what, rows: people, seconds, peakBytes });
  }
  return lines;
}

const shown = z.object({
  scan: z
    .object({ state: z.string(), total: z.number(), startedAt: z.string(), endedAt: z.string().nullable() })
    .nullable(),
});

async function measureScan({ client, ready }: Product, folder: string): Promise<Line> {
  const { login, username, password } = ready.sandbox;
  // What is measured is this project, not how long Responsys makes one wait.
  await fetch(`${login}/_sandbox/config`, {
    method: 'POST',
    body: JSON.stringify({ limits: { '*': 1_000_000 }, badEmail: 'hidden' }),
  });
  const authorization = join(folder, 'authorization.json');
  writeFileSync(
    authorization,
    JSON.stringify({
      kind: 'responsys-interact',
      label: 'Sandbox',
      username,
      password,
      endpointUri: login,
    }),
    { mode: 0o600 },
  );
  await client('authorizations', 'add', '--from-file', authorization);
  const job = join(folder, 'job.yaml');
  writeFileSync(
    job,
    JSON.stringify({
      job: 'export-audience',
      authorization: 'Sandbox',
      label: 'Bench',
      audience,
      list: 'CONTACTS_LIST',
      matchColumn1: 'EMAIL_ADDRESS_',
      additionalFields: ['loyalty_tier', 'visits'],
      exportAudienceMemberships: [audience],
    }),
  );
  const { id } = z.object({ id: z.string() }).parse(await client('jobs', 'start', job));
  for (;;) {
    await wait(2_000);
    const { scan } = shown.parse(await client('jobs', 'show', id));
    if (scan?.endedAt == null) continue;
    const seconds = (Date.parse(scan.endedAt) - Date.parse(scan.startedAt)) / 1000;
    return { what: 'scan to the list and two tables', rows: scan.total, seconds };
  }
}

function report(lines: readonly Line[]): void {
  const table = new Table({
    head: ['', 'rows', 'seconds', 'rows a second', 'peak memory'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  const number = (value: number, digits = 0): string =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  for (const { what, rows, seconds, peakBytes } of lines)
    table.push([
      what,
      number(rows),
      number(seconds, 1),
      number(rows / seconds),
      peakBytes === undefined ? '' : `${number(peakBytes / 2 ** 20)} MB`,
    ]);
  const [cpu] = cpus();
  const [load = 0] = loadavg();
  process.stdout.write(
    `${table.toString()}\n${cpus().length} cores (${cpu?.model.trim() ?? '?'}), Node ${process.version}, ` +
      `${process.platform}-${process.arch}; load at the end ${load.toFixed(1)}\n`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-bench-'));
const dataFolder = join(folder, 'data');
let product: Product | undefined;
let cleaned: Promise<void> | undefined;
const clean = (): Promise<void> =>
  (cleaned ??= (async () => {
    await product?.stop();
    rmSync(folder, { recursive: true, force: true });
  })());
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => void clean().then(() => process.exit(130)));
try {
  const file = join(folder, 'people.csv');
  await writePeople(file, people);
  product = await startProduct(dataFolder);
  report([...(await measureImports(dataFolder, file)), await measureScan(product, folder)]);
} finally {
  await clean();
}
