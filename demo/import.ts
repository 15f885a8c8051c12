/**
 * The demo's second half: the sandbox delivers event files about the people who were exported, packed and
 * encrypted in several ways, and an import turns them into profiles.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { generateKey } from 'openpgp';
import { z } from 'zod';
import { counters, importDifferences } from './check.ts';
import type { Product, Say } from './processes.ts';
import { readProfiles, sumCounters } from './profiles.ts';
import type { Fields } from './profiles.ts';

const generatedSchema = z.object({
  rows: z.number(),
  badRows: z.number(),
  events: z.record(z.string(), z.number()),
  files: z.array(z.object({ name: z.string(), packaging: z.string() })),
});
export type Generated = z.infer<typeof generatedSchema>;

const summarySchema = z.object({
  id: z.string(),
  url: z.string(),
  files: z.object({ found: z.number(), done: z.number(), setAside: z.number(), failed: z.number() }),
  events: z.object({
    total: z.number(),
    known: z.number(),
    rejected: z.number(),
    nobodys: z.number(),
    byType: z.record(z.string(), z.number()),
  }),
});
export type ImportSummary = z.infer<typeof summarySchema>;

/** Somebody's profile before the import and after it. */
export interface Change {
  readonly email: string;
  readonly before: Fields;
  readonly after: Fields;
}

export interface Imported {
  readonly generated: Generated;
  readonly summary: ImportSummary;
  readonly changes: readonly Change[];
  /** What does not add up, in words. */
  readonly differing: readonly string[];
}

const packagings = ['plain', 'gzip', 'zip', 'pgp', 'zip+pgp', 'pgp-armored'];
const shownPeople = 3;

export async function importEvents(
  { ready, client, databaseUrl }: Product,
  folder: string,
  rows: number,
  say: Say,
): Promise<Imported> {
  const { sftp, login } = ready.sandbox;
  const passphrase = randomBytes(12).toString('hex');
  const pgp = await generateKey({ userIDs: [{ name: 'Demo' }], passphrase, format: 'armored' });
  writeFileSync(
    join(folder, 'files.json'),
    JSON.stringify({
      kind: 'responsys-sftp-with-pgp',
      label: 'Sandbox files',
      host: sftp.host,
      port: sftp.port,
      username: sftp.username,
      privateKey: readFileSync(sftp.privateKeyFile, 'utf8'),
      hostKeyFingerprint: sftp.hostKeyFingerprint,
      folder: 'download',
      pgpPrivateKey: pgp.privateKey,
      pgpPassphrase: passphrase,
    }),
    { mode: 0o600 },
  );
  await client('authorizations', 'add', '--from-file', join(folder, 'files.json'));
  const generated = await generate(login, {
    rows,
    days: 2,
    badRows: Math.floor(rows / 1_000),
    delimiter: '|',
    packagings,
    publicKey: pgp.publicKey,
    marker: '.ready',
    count: '.count',
  });
  say(
    `The sandbox delivers ${generated.files.length} event files with ${generated.rows.toLocaleString('en')} rows: ${packagings.join(', ')}.`,
  );

  const before = await readProfiles(databaseUrl);
  writeFileSync(
    join(folder, 'import.yaml'),
    JSON.stringify(
      {
        job: 'import-activity',
        authorization: 'Sandbox files',
        label: 'Events from Responsys',
        description: 'The demo: what the exported people did, from files of several packagings.',
        customDelimiter: '|',
        interval: '1s',
        parallelFiles: 4,
        marker: '.ready',
      },
      null,
      2,
    ),
  );
  const { id, url } = summarySchema
    .pick({ id: true, url: true })
    .parse(await client('jobs', 'start', join(folder, 'import.yaml')));
  say(`Started the job ${id}: ${url}`);

  let last = '';
  let differing: readonly string[] = ['the files did not come to their end'];
  let summary: ImportSummary | undefined;
  let after: ReadonlyMap<string, Fields> = before;
  for (let look = 0; look < 240; look++) {
    summary = summarySchema.parse(await client('jobs', 'show', id));
    const { files, events } = summary;
    const line = `files ${files.done}/${files.found} · events ${events.total} · rejected ${events.rejected}`;
    if (line !== last) say(line);
    last = line;
    if (files.done + files.setAside === generated.files.length) {
      after = await readProfiles(databaseUrl);
      const sums = await sumCounters(databaseUrl, Object.values(counters));
      differing = importDifferences(generated, summary, sums);
      break;
    }
    await wait(500);
  }
  if (summary === undefined) throw new Error('The import never showed itself.');
  return { generated, summary, changes: mostChanged(before, after), differing };
}

async function generate(login: string, request: object): Promise<Generated> {
  const response = await fetch(`${login}/_sandbox/files`, { method: 'POST', body: JSON.stringify(request) });
  if (!response.ok) throw new Error(`The sandbox answered ${response.status}: ${await response.text()}`);
  return generatedSchema.parse(await response.json());
}

/** Those who clicked most, whom the store knew before. */
function mostChanged(
  before: ReadonlyMap<string, Fields>,
  after: ReadonlyMap<string, Fields>,
): readonly Change[] {
  return Array.from(before, ([email, fields]) => ({ email, before: fields, after: after.get(email) ?? {} }))
    .sort((one, other) => clicksOf(other) - clicksOf(one))
    .slice(0, shownPeople);
}

const clicksOf = ({ after }: Change): number => Number(after['email_click_ct'] ?? 0);
