/**
 * `npm run bench [-- NAME …]`: how fast this project is on this machine. It measures and asserts nothing.
 * Without a name, what a reader asks first; with one, that measurement with its own flags.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.ts';
import { benchImport } from './import.ts';
import { benchMemory } from './memory.ts';
import { benchPeople } from './people.ts';
import { benchRules } from './rules.ts';
import { benchScan } from './scan.ts';
import { benchSignals } from './signals.ts';

const benches: Readonly<Record<string, Bench>> = {
  people: benchPeople,
  scan: benchScan,
  signals: benchSignals,
  memory: benchMemory,
  import: benchImport,
  rules: benchRules,
};
const byDefault: readonly string[] = ['people', 'scan', 'signals'];

const [name = '', ...args] = process.argv.slice(2);
const isNamed = name !== '' && !name.startsWith('-');
const chosen = isNamed ? [name] : byDefault;
const unknown = chosen.find((one) => benches[one] === undefined);
if (unknown !== undefined) {
  process.stderr.write(`"${unknown}" is no benchmark; there are ${Object.keys(benches).join(', ')}.\n`);
  process.exit(2);
}
if (!isNamed && name !== '') {
  process.stderr.write(`${name}: a flag needs the name of its benchmark first, as "people ${name}".\n`);
  process.exit(2);
}
const root = realpathSync(mkdtempSync(join(tmpdir(), 'lytics-responsys-bench-')));
const stops: (() => Promise<void>)[] = [];
async function stopAll(): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop();
}
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void stopAll().then(() => {
      rmSync(root, { recursive: true, force: true });
      process.exit(130);
    });
  });
try {
  for (const one of chosen) {
    await benches[one]?.(mkdtempSync(join(root, 'run-')), args, (stop) => stops.push(stop));
    await stopAll();
  }
} finally {
  await stopAll();
  rmSync(root, { recursive: true, force: true });
}
process.exit();
