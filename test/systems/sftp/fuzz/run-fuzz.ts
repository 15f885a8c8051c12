/** Reads so many damaged and made-up inputs: each is read, every line told of, or refused by a code of ours. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { clickText, openPacker, pgpPassphrase } from '../packaging.ts';
import type { Packer } from '../packaging.ts';
import type { FuzzOrders, Outcomes } from './child.ts';
import type { RealFiles } from './inputs.ts';

/** For one input, on a machine that does much else. */
const inputWithinMs = 20_000;
const heapMb = 256;
/** By how much the process may grow. */
const growthMb = 700;

export async function runFuzz(
  context: TestContext,
  count: number,
  seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000),
): Promise<void> {
  context.diagnostic(`SEED=${seed}`);
  const packer = openPacker();
  try {
    const orders: FuzzOrders = {
      files: realFiles(packer),
      seed,
      count,
      pgpPrivateKey: packer.privateKey('curve', 'armored'),
      pgpPassphrase,
      at: new SharedArrayBuffer(4),
    };
    const before = process.memoryUsage.rss();
    let peak = before;
    const watchMemory = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 200);
    const outcomes = await outcomesOf(orders).finally(() => clearInterval(watchMemory));
    const grownMb = Math.round((peak - before) / 2 ** 20);
    context.diagnostic(`${JSON.stringify(outcomes)}; grown by ${grownMb} MB`);
    assert.ok(grownMb < growthMb, `the process grew by ${grownMb} MB`);
    // Damage that is always refused at once would show nothing of what is behind.
    assert.ok((outcomes['read'] ?? 0) > count / 10);
    for (const code of ['FILE_TRUNCATED', 'FILE_TAMPERED', 'FILE_HEADER', 'FILE_FORM_UNKNOWN'])
      assert.ok((outcomes[code] ?? 0) > 0, `${code} did not occur`);
  } finally {
    packer.remove();
  }
}

async function outcomesOf(orders: FuzzOrders): Promise<Outcomes> {
  const thread = new Worker(new URL('child.ts', import.meta.url), {
    workerData: orders,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
  const current = new Int32Array(orders.at);
  let [last, since] = [-1, Date.now()];
  let watch: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Outcomes>((resolve, reject) => {
      const fail = (why: string, cause?: unknown): void => {
        const at = Atomics.load(current, 0);
        reject(new Error(`${why} at input ${at} of SEED=${orders.seed}`, { cause }));
      };
      thread.once('message', resolve);
      thread.once('error', (error) => fail('an error', error));
      thread.once('exit', () => fail('the thread ended'));
      watch = setInterval(() => {
        const at = Atomics.load(current, 0);
        if (at !== last) [last, since] = [at, Date.now()];
        else if (Date.now() - since > inputWithinMs) fail('it stands still');
      }, 500);
    });
  } finally {
    clearInterval(watch);
    await thread.terminate();
  }
}

/** Small ones, in every packaging: damage then hits what matters. */
function realFiles(packer: Packer): RealFiles {
  const text = Buffer.from(clickText(40));
  const quoted = Buffer.from(
    `"RIID"|EVENT_CAPTURED_DT|"Offer"\r\n${'1|31-Jan-2026 19:00:00|"a|""b"" é\n日本"\r\n'.repeat(20)}`,
  );
  const objects = Array.from({ length: 30 }, (_, at) => ({
    RIID: at,
    EVENT_CAPTURED_DT: '31-Jan-2026 19:00:00',
    offer: { deep: ['"', '\\', at] },
  }));
  const lines = Buffer.from(objects.map((one) => JSON.stringify(one)).join('\n'));
  const array = Buffer.from(JSON.stringify(objects, undefined, 1));
  const zip = (contents: readonly Uint8Array[], ...args: readonly string[]): Buffer => {
    const names = contents.map((_, at) => `1_CLICK_20260131_19000${at}.txt`);
    contents.forEach((content, at) => packer.write(names[at] ?? '', content));
    packer.run('rm', ['-f', 'out.zip']);
    packer.run('zip', ['-q', ...args, 'out.zip', ...names]);
    return readFileSync(join(packer.folder, 'out.zip'));
  };
  const gpg = (content: Uint8Array, ...args: readonly string[]): Buffer =>
    packer.gpg([...args, '-r', 'curve@example.com', '--encrypt'], content);
  return {
    plain: [
      ...[text, quoted, lines, array, gzipSync(text), gzipSync(array), zip([text]), zip([lines], '-0')],
      ...[zip([text, quoted]), zip([gzipSync(text)]), gzipSync(zip([array]))],
      Buffer.concat([gzipSync(text.subarray(0, 500)), gzipSync(text.subarray(500))]),
    ],
    pgp: [
      ...[gpg(text), gpg(text, '--armor'), gpg(zip([text])), gpg(text, '-z', '0'), gzipSync(gpg(array))],
      gpg(text, '--sign', '-u', 'other@example.com', '--compress-algo', 'bzip2'),
    ],
  };
}
