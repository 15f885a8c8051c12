/**
 * How fast event files become profiles: a click file, encrypted by gpg and served by OpenSSH, into a fresh
 * PostgreSQL. `node bench/import.ts [rows] [people] [random|clustered]`; prints rows a second and peak memory.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { importContent } from '../activities/importing/import-content.ts';
import { importActivitySchema } from '../jobs/import-activity.ts';
import { addAuthorization } from '../systems/store/authorizations.ts';
import { openStore, transaction } from '../systems/store/database.ts';
import { beginAttempt, filesToRead, noteListing } from '../systems/store/event-files.ts';
import { addImportJob, findImportJob } from '../systems/store/import-jobs.ts';
import { keyFrom } from '../systems/store/secrets.ts';
import { startSshServer } from '../test/harness/sshd.ts';
import { startSharedPostgres } from '../test/setup.ts';

const [rows = 200_000, people = 50_000] = process.argv.slice(2, 4).map(Number);
const isClustered = process.argv[4] === 'clustered';
const passphrase = 'bench';
const header =
  'EVENT_TYPE_ID|ACCOUNT_ID|LIST_ID|RIID|CUSTOMER_ID|EVENT_CAPTURED_DT|EVENT_STORED_DT|CAMPAIGN_ID|LAUNCH_ID|EMAIL_FORMAT|OFFER_NAME|OFFER_NUMBER|OFFER_CATEGORY|OFFER_URL';

function lineOf(at: number): string {
  const person = isClustered ? Math.floor((at * people) / rows) : Math.floor(Math.random() * people);
  const second = String(at % 60).padStart(2, '0');
  const minute = String(Math.floor(at / 60) % 60).padStart(2, '0');
  const hour = String(Math.floor(at / 3_600) % 24).padStart(2, '0');
  const time = `${String((at % 28) + 1).padStart(2, '0')}-Jan-2026 ${hour}:${minute}:${second}`;
  // One link in ten is a person's own.
  const link =
    at % 10 === 0 ? `http://shop.example/me/${person}?at=${at}` : `http://shop.example/offer/${at % 40}`;
  return `5|1234|5|${100_000 + person}||${time}|${time}|${900 + (at % 7)}|${9_000 + (at % 50)}|H|Offer ${at % 40}|${at % 40}|Category ${at % 9}|${link}\n`;
}

async function writeFile(path: string): Promise<void> {
  const file = createWriteStream(path);
  file.write(`${header}\n`);
  for (let at = 0; at < rows; at++)
    if (!file.write(lineOf(at))) await new Promise<void>((resolve) => file.once('drain', () => resolve()));
  file.end();
  await finished(file);
}

const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-bench-'));
const gpg = (...args: readonly string[]): string =>
  execFileSync('gpg', [
    ...['--homedir', folder, '--batch', '--yes', '--quiet', '--trust-model', 'always'],
    ...['--pinentry-mode', 'loopback', '--passphrase', passphrase, ...args],
  ]).toString();
const server = await startSshServer();
const postgres = await startSharedPostgres();
const store = await openStore(postgres.address);
try {
  gpg('--quick-gen-key', 'bench@example.com', 'rsa2048', 'default', 'never');
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(gpg('--list-keys', '--with-colons'))?.[1] ?? '';
  gpg('--quick-add-key', fingerprint, 'rsa2048', 'encr', 'never');
  const plain = join(folder, 'plain');
  await writeFile(plain);
  const name = '1234_CLICK_20260201_000000.txt.gpg';
  const path = join(server.home, name);
  gpg('--encrypt', '--recipient', 'bench@example.com', '--output', path, plain);

  const key = keyFrom(randomBytes(32).toString('base64'));
  const authorization = await addAuthorization(store, key, {
    kind: 'responsys-sftp-with-pgp',
    label: 'Files',
    description: '',
    host: '127.0.0.1',
    port: server.port,
    username: server.username,
    privateKey: server.privateKey,
    hostKeyFingerprint: server.fingerprint,
    folder: '',
    pgpPrivateKey: gpg('--export-secret-keys', '--armor', 'bench@example.com'),
    pgpPassphrase: passphrase,
  });
  const configuration = importActivitySchema.parse({
    job: 'import-activity',
    authorization: 'Files',
    label: 'Bench',
    customDelimiter: '|',
    parallelFiles: 1,
  });
  await addImportJob(store, 'bench', authorization.id, configuration);
  const { size, mtimeMs } = statSync(path);
  await transaction(store, (database) =>
    noteListing(database, 'bench', [
      {
        path: name,
        sizeBytes: size,
        modifiedAtMs: Math.floor(mtimeMs / 1_000) * 1_000,
        accountId: '1234',
        eventType: 'CLICK',
        stamp: '20260201000000',
        isWhole: true,
        countFile: undefined,
      },
    ]),
  );
  const [file] = await filesToRead(store, 'bench', 1);
  const job = await findImportJob(store, 'bench');
  const attempt = await beginAttempt(store, file?.id ?? 0, job.configuration);
  if (attempt === undefined) throw new Error('There is nothing to import.');
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 100);
  const started = performance.now();
  const cpu = process.cpuUsage();
  await importContent({ store, key }, job, attempt, new AbortController().signal);
  const seconds = (performance.now() - started) / 1_000;
  clearInterval(timer);
  const used = process.cpuUsage(cpu);
  const { rows: profiles } = await store.query<{ count: number }>('select count(*) from profiles');
  process.stdout.write(
    `${rows} rows, ${profiles[0]?.count ?? 0} profiles, ${isClustered ? 'clustered' : 'random'}: ` +
      `${seconds.toFixed(1)} s, ${Math.round(rows / seconds)} rows/s, ` +
      `own CPU ${((used.user + used.system) / 1e6).toFixed(1)} s, peak ${Math.round(peak / 2 ** 20)} MiB\n`,
  );
} finally {
  await store.end();
  await postgres.stop();
  await server.stop();
  execFileSync('gpgconf', ['--homedir', folder, '--kill', 'all']);
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
