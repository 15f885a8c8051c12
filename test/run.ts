/**
 * `npm test`: all test files, or those named (`npm test -- test/systems`), two at a time, with the shared
 * servers started once. `npm run test:long` has those that take minutes. The last line has the counts.
 */
import { existsSync, globSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { finished } from 'node:stream/promises';
import { POSTGRES_VARIABLE, TEMPORAL_VARIABLE } from './harness/variables.ts';
import { keepTally } from './harness/tally.ts';
import { startSharedPostgres, startSharedTemporal, type SharedServer } from './setup.ts';

const args = process.argv.slice(2).filter((arg) => arg !== '--long');
const isLong = process.argv.includes('--long');
const FILES = isLong ? '**/*.long.ts' : '**/*.test.ts';
const PATTERN = join('test', FILES);

/** Files that are told with their times: what to look at when tests take too long. */
const longestShown = 10;

/** For one file: a hang is to fail, not to last. */
const FILE_TIMEOUT_MS = isLong ? 3_600_000 : 600_000;

function filesOf(): readonly string[] {
  const root = resolve(import.meta.dirname, '..');
  const patterns = args.map((arg) =>
    existsSync(arg) && statSync(arg).isDirectory() ? join(arg, FILES) : arg,
  );
  const found = args.length === 0 ? globSync(PATTERN, { cwd: root }) : globSync(patterns);
  return [...new Set(found.map((file) => resolve(args.length === 0 ? root : '.', file)))].sort();
}

async function runFiles(files: readonly string[], signal: AbortSignal): Promise<boolean> {
  const keeper = keepTally();
  const stream = run({ files: [...files], concurrency: 2, timeout: FILE_TIMEOUT_MS, signal });
  stream.on('test:pass', (event) => keeper.pass(event)).on('test:fail', (event) => keeper.fail(event));
  const times: { readonly file: string; readonly ms: number }[] = [];
  stream.on('test:summary', ({ file, duration_ms: ms }) => {
    if (file !== undefined) times.push({ file, ms });
  });
  const report = stream.compose<NodeJS.ReadableStream>(new spec());
  report.pipe(process.stdout, { end: false });
  await finished(report);
  const { passed, failed, skipped } = keeper.tally;
  process.stdout.write('\nLongest files:\n');
  for (const { file, ms } of times.sort((a, b) => b.ms - a.ms).slice(0, longestShown))
    process.stdout.write(`  ${(ms / 1000).toFixed(0).padStart(4)} s  ${file}\n`);
  if (skipped.length > 0) process.stdout.write('\nSkipped:\n');
  for (const { name, reason } of skipped) process.stdout.write(`  ${name}: ${reason}\n`);
  if (signal.aborted) process.stdout.write('\nInterrupted: a file that had not ended counts as failed.\n');
  process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped.length} skipped\n`);
  return failed === 0 && passed > 0 && !signal.aborted;
}

// Tests start hundreds of commands and workers: code that is compiled once takes a third off their time.
process.env['NODE_COMPILE_CACHE'] ??= resolve(import.meta.dirname, '../node_modules/.cache/node');

const files = filesOf();
if (files.length === 0) {
  process.stderr.write(`No test file at: ${args.join(' ') || PATTERN}\n`);
  process.exit(2);
}
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupted.abort());

const settled = await Promise.allSettled([startSharedPostgres(), startSharedTemporal()]);
const servers = settled.flatMap((result): SharedServer[] =>
  result.status === 'fulfilled' ? [result.value] : [],
);
try {
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
  process.env[POSTGRES_VARIABLE] = servers[0]?.address;
  process.env[TEMPORAL_VARIABLE] = servers[1]?.address;
  process.exitCode = (await runFiles(files, interrupted.signal)) ? 0 : 1;
} catch (error) {
  process.stderr.write(
    `The tests could not run: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = 1;
} finally {
  for (const server of servers) await server.stop();
}
process.exit();
