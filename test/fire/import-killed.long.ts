/**
 * One large file is imported while its worker is killed with -9 and its SFTP connection is cut, at random
 * points of it, two dozen times: stream, counters and profiles are what they would be without, and no more
 * than a chunk is written again for each. `IMPORT_ROWS=1000000` makes a larger one, `SEED=7` repeats a run.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { startNewImport } from '../../client/imports/start.ts';
import { importActivitySchema } from '../../jobs/import-activity.ts';
import { addAuthorization } from '../../systems/store/authorizations.ts';
import { openStore } from '../../systems/store/database.ts';
import { keyFrom } from '../../systems/store/secrets.ts';
import { freshDatabase } from '../harness/postgres.ts';
import { unlessMissing } from '../harness/programs.ts';
import { startProxy } from '../harness/proxy.ts';
import { startSshServer } from '../harness/sshd.ts';
import { temporalEnvironment } from '../harness/temporal.ts';
import { openPacker, pgpPassphrase } from '../systems/sftp/packaging.ts';
import { makeClicks } from './import-clicks.ts';
import { startImportWorkers } from './import-workers.ts';
import { profilesIn, rowsWritten, standingOf, untilStanding } from './import-standing.ts';
import { beQuiet } from './quiet.ts';
import { randomFrom } from './random.ts';
import type { Random } from './random.ts';
import { seedsOf } from './seeds.ts';

beQuiet();

const rows = Number(process.env['IMPORT_ROWS'] ?? 200_000);
const chunkRows = Math.max(100, Math.floor(rows / 100));
const bounds = {
  chunkRows,
  chunkBytes: 2 ** 24,
  foldEvents: chunkRows * 8,
  foldBytes: 2 ** 27,
  // So that most keys of rows are counted in the spool.
  tableSlots: 2 ** 12,
};
const name = '1_CLICK_20260401_000000.txt';

type Stroke = 'killed at a row' | 'killed while fetching' | 'cut while fetching';
const howOften: Readonly<Record<Stroke, number>> = {
  'killed at a row': 14,
  'killed while fetching': 4,
  'cut while fetching': 7,
};
/** A listing carries less. */
const leastBytes = 64 * 1024;

function shuffled<Item>(items: readonly Item[], random: Random): readonly Item[] {
  const all = items.map((item) => ({ item, at: random.below(2 ** 32) }));
  return all.sort((one, other) => one.at - other.at).map(({ item }) => item);
}

test(
  'a file is imported exactly, whatever is killed and cut meanwhile',
  unlessMissing('sshd', 'ssh-keygen', 'gpg'),
  async (t) => {
    const [seed = 0] = seedsOf(1);
    t.diagnostic(`SEED=${seed} IMPORT_ROWS=${rows}`);
    const random = randomFrom(seed);
    const clicks = makeClicks(rows, random);
    const packer = openPacker();
    t.after(() => packer.remove());
    const server = await startSshServer();
    t.after(() => server.stop());
    const proxy = await startProxy(server.port);
    t.after(() => proxy.close());
    const database = await freshDatabase();
    t.after(() => database.drop());
    const store = await openStore(database.url);
    t.after(() => store.end());
    const { address, namespace, environment } = await temporalEnvironment();
    t.after(() => environment.teardown());
    const key = randomBytes(32).toString('base64');
    const workers = await startImportWorkers({
      databaseUrl: database.url,
      key,
      address,
      namespace,
      bounds,
    });
    t.after(() => workers.close());

    const text = Buffer.from([clicks.header, ...clicks.lines, ''].join('\n'));
    const packed = packer.gpg(['-r', 'curve@example.com', '--encrypt', '-z', '1'], text);
    writeFileSync(join(server.home, name), packed);
    const { username, privateKey, fingerprint } = server;
    await addAuthorization(store, keyFrom(key), {
      kind: 'responsys-sftp-with-pgp',
      label: 'Files',
      description: '',
      host: '127.0.0.1',
      port: proxy.port,
      username,
      privateKey,
      folder: '',
      hostKeyFingerprint: fingerprint,
      pgpPrivateKey: packer.privateKey('curve', 'armored'),
      pgpPassphrase,
    });
    const configuration = importActivitySchema.parse({
      job: 'import-activity',
      authorization: 'Files',
      label: 'Clicks',
      customDelimiter: '|',
      interval: '1s',
      stableFor: '1s',
    });
    const { id } = await startNewImport(store, environment.client, configuration);

    const strokes = shuffled(
      Object.entries(howOften).flatMap(([stroke, times]) => Array<Stroke>(times).fill(stroke as Stroke)),
      random,
    );
    const killRows = Array.from({ length: howOften['killed at a row'] }, () =>
      random.below(Math.floor(rows * 0.95)),
    ).sort((one, other) => one - other);
    let passedAgain = 0;
    for (const stroke of strokes) {
      const momentMs = random.below(200);
      if (stroke === 'killed at a row') {
        const row = killRows.shift() ?? 0;
        const before = await standingOf(store, id, name);
        // Never at once: each attempt gets on, or nothing would be shown of how it goes on.
        await untilStanding(store, id, name, ({ readTo }) => readTo >= row && readTo > (before?.readTo ?? 0));
        await wait(momentMs);
        await workers.kill();
      } else {
        const held = await proxy.heldAt(leastBytes + random.below(packed.length - 2 * leastBytes));
        if (stroke === 'killed while fetching') await workers.kill();
        held.cut();
      }
      const after = await standingOf(store, id, name);
      assert.notEqual(after?.state, 'done', 'it was done before all was over');
      passedAgain += after?.readTo ?? 0;
    }
    const imported = await untilStanding(store, id, name, ({ state }) => state === 'done');
    const { events, nobodys, setAside } = clicks;
    const counters = { events, known: 0, setAside, nobodys, readTo: rows + 1, foldedTo: rows + 1 };
    assert.deepEqual(imported, { state: 'done', reason: '', ...counters });
    await workers.end();
    const written = (await rowsWritten(store)) - events;
    t.diagnostic(
      `${strokes.length} strokes; of ${rows} rows ${written} were written again, at most a chunk of ${chunkRows} ` +
        `for each kill; ${passedAgain} were read over again on the way to the watermark`,
    );
    assert.ok(written <= workers.killed() * chunkRows, `${written} rows were written again`);
    const profiles = await profilesIn(store);
    assert.deepEqual(profiles, clicks.people);

    // Under another name, in another order: each key is what it would be of a file read in one go.
    workers.start();
    // Whatever was left of the first when its worker ended.
    const spool = join(tmpdir(), `lytics-responsys-spool-${userInfo().uid}`);
    const spooled = (): readonly string[] => readdirSync(spool).filter((one) => one.startsWith(id));
    const again = gzipSync([clicks.header, ...shuffled(clicks.lines, random), ''].join('\n'));
    const another = name.replace('000000', '000001');
    writeFileSync(join(server.home, another), again);
    const repeated = await untilStanding(store, id, another, ({ state }) => state === 'done');
    const nothingNew = { events: 0, known: events, setAside, nobodys: 0 };
    assert.deepEqual(repeated, { ...imported, ...nothingNew });
    assert.deepEqual(await profilesIn(store), profiles);
    for (let waits = 0; spooled().length > 0 && waits < 300; waits++) await wait(100);
    assert.deepEqual(spooled(), []);
  },
);
