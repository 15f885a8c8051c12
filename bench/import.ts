/**
 * `npm run bench -- import [--rows N] [--people N] [--order random|clustered] [--without-dlt]`: how fast click
 * files, encrypted by gpg and served by OpenSSH, become profiles; from the first byte over SFTP to the last
 * merged profile, by the real job. Beside it, on the same file and the same server: the floor, and dlt.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startNewImport } from '../client/imports/start.ts';
import { importActivitySchema } from '../jobs/import-activity.ts';
import { addAuthorization } from '../systems/store/authorizations.ts';
import type { AtEnd, Bench } from './bench.ts';
import { writeClickFile } from './click-files.ts';
import type { Order } from './click-files.ts';
import { startEventServer } from './event-server.ts';
import type { EventServer } from './event-server.ts';
import { installDlt, measureDlt, measureFloor } from './others.ts';
import type { Delivered, Timed } from './others.ts';
import { peakBytesOf } from './processes.ts';
import { measureCpu, startBenchProduct } from './product.ts';
import type { BenchProduct } from './product.ts';
import { megabytes, number, printMachine, printTable } from './report.ts';

const name = '1234_CLICK_20260201_000000.txt';

/** Starts the job that imports what the server has, and will have. @returns its id */
export async function startBenchImport(product: BenchProduct, server: EventServer): Promise<string> {
  const { store, key, temporal } = product;
  const { ssh } = server;
  await addAuthorization(store, key, {
    kind: 'responsys-sftp-with-pgp',
    label: 'Files',
    description: '',
    host: '127.0.0.1',
    port: ssh.port,
    username: ssh.username,
    privateKey: ssh.privateKey,
    hostKeyFingerprint: ssh.fingerprint,
    folder: '',
    pgpPrivateKey: server.pgpPrivateKey,
    pgpPassphrase: server.passphrase,
  });
  const configuration = importActivitySchema.parse({
    job: 'import-activity',
    authorization: 'Files',
    label: 'Bench',
    customDelimiter: '|',
    interval: '1m',
  });
  return (await startNewImport(store, temporal, configuration)).id;
}

/** Waits until a job's file is done. @param number of the file, from 1. @returns the seconds that it took */
export async function fileImported({ store }: BenchProduct, jobId: string, number = 1): Promise<number> {
  for (;;) {
    await wait(200);
    const { rows } = await store.query<{ state: string; reason: string; seconds: number | null }>(
      `select state, reason, extract(epoch from ended_at - started_at)::float8 as seconds
         from event_files where job_id = $1 order by id`,
      [jobId],
    );
    const file = rows[number - 1];
    if (file === undefined || file.seconds === null) continue;
    if (file.state !== 'done') throw new Error(`The file is ${file.state}: ${file.reason}`);
    return file.seconds;
  }
}

async function runImport(
  product: BenchProduct,
  server: EventServer,
): Promise<{ readonly seconds: number; readonly profiles: number }> {
  const seconds = await fileImported(product, await startBenchImport(product, server));
  const counted = await product.store.query<{ profiles: number }>(
    'select count(*) as profiles from profiles',
  );
  return { seconds, profiles: counted.rows[0]?.profiles ?? 0 };
}

interface Asked {
  readonly rows: number;
  readonly people: number;
  readonly python: string | undefined;
}

/** The lines of one file. A product of its own: the second file would find the first one's people. */
async function measureOrder(
  folder: string,
  order: Order,
  asked: Asked,
  atEnd: AtEnd,
): Promise<readonly (readonly string[])[]> {
  const { rows, people, python } = asked;
  const line = (what: string, timed: Timed, ...rest: readonly string[]): readonly string[] =>
    'skipped' in timed
      ? [`${what}: skipped, ${timed.skipped}`]
      : [what, number(timed.seconds, 1), number(rows / timed.seconds), ...rest];
  const server = await startEventServer(folder, atEnd);
  const product = await startBenchProduct(folder, atEnd);
  try {
    const plain = join(folder, name);
    await writeClickFile(plain, { rows, people, order });
    server.encrypt(plain, `${name}.gpg`);
    writeFileSync(join(server.ssh.home, `${name}.gpg.ready`), '');
    const peakBefore = peakBytesOf(product.pids.worker);
    const { result, cpu } = await measureCpu(product, () => runImport(product, server));
    const micros = (seconds: number): string => number((seconds * 1e6) / rows);
    const lines = [
      line(
        `import, ${order}`,
        result,
        number(result.profiles),
        `${micros(cpu.worker)} / ${micros(cpu.postgres)}`,
        `${megabytes(peakBefore)} → ${megabytes(peakBytesOf(product.pids.worker))}`,
      ),
    ];
    const { databaseUrl } = product;
    const delivered: Delivered = { server, folder, databaseUrl, name: `${name}.gpg`, plain: name };
    lines.push(line(`floor, ${order}`, await measureFloor(delivered)));
    if (python !== undefined) {
      copyFileSync(plain, join(server.ssh.home, name));
      lines.push(line(`dlt, ${order}`, await measureDlt(python, delivered)));
    }
    return lines;
  } finally {
    await product.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const benchImport: Bench = async (folder, args, atEnd) => {
  const { values: flags } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '300000' },
      people: { type: 'string', default: '50000' },
      order: { type: 'string', default: '' },
      'without-dlt': { type: 'boolean', default: false },
    },
  });
  const dlt = flags['without-dlt'] ? { skipped: 'as asked' } : await installDlt(folder);
  if ('skipped' in dlt) process.stdout.write(`dlt is left out: ${dlt.skipped}\n`);
  const asked: Asked = {
    rows: Number(flags.rows),
    people: Number(flags.people),
    python: 'python' in dlt ? dlt.python : undefined,
  };
  const lines: (readonly string[])[] = [];
  for (const order of ['random', 'clustered'] as const)
    if (order.includes(flags.order))
      lines.push(...(await measureOrder(mkdtempSync(join(folder, 'order-')), order, asked, atEnd)));
  printTable(
    [
      `${number(asked.rows)} clicks`,
      'seconds',
      'rows a second',
      'profiles',
      'CPU µs a row: worker / store',
      'worker’s peak, before → after',
    ],
    lines,
  );
  printMachine();
};
