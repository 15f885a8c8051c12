/**
 * `npm run bench -- people [--people N]`: how fast people come in by a file and go out by a scan, all by the
 * client's commands. Importing is measured with its start, as a reader waits for it; the scan by the store's
 * own times.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { writePeople } from '../demo/people.ts';
import { startProduct } from '../demo/processes.ts';
import type { Product } from '../demo/processes.ts';
import type { Bench } from './bench.ts';
import { measureCommand } from './command.ts';
import { megabytes, number, printMachine, printTable } from './report.ts';

interface Line {
  readonly what: string;
  readonly rows: number;
  readonly seconds: number;
  readonly peakBytes?: number | undefined;
}

const audience = 'Bench';

async function measureImports(dataFolder: string, file: string, people: number): Promise<readonly Line[]> {
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

export const benchPeople: Bench = async (folder, args, atEnd) => {
  const { values: flags } = parseArgs({
    args: [...args],
    options: { people: { type: 'string', default: '100000' } },
  });
  const people = Number(flags.people);
  const dataFolder = join(folder, 'data');
  const file = join(folder, 'people.csv');
  await writePeople(file, people);
  const product = await startProduct(dataFolder);
  atEnd(() => product.stop());
  const lines = [...(await measureImports(dataFolder, file, people)), await measureScan(product, folder)];
  printTable(
    ['people', 'rows', 'seconds', 'rows a second', 'peak memory'],
    lines.map(({ what, rows, seconds, peakBytes }) => [
      what,
      number(rows),
      number(seconds, 1),
      number(rows / seconds),
      megabytes(peakBytes),
    ]),
  );
  printMachine();
};
