/**
 * `npm run bench -- rules [--rows N] [--people N] [--rules N] [--times N]`: what audiences by rule add to an
 * import, over fields that its events change: to a file of people who are all new, and to the next one, of people
 * who are all known. Without rules and with them in turn, each time by a product of its own.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../jobs/median.ts';
import { saveRule } from '../systems/store/audience-rules.ts';
import type { Pool } from '../systems/store/database.ts';
import { addUserFields } from '../systems/store/user-fields.ts';
import type { AtEnd, Bench } from './bench.ts';
import { writeClickFile } from './click-files.ts';
import { startEventServer } from './event-server.ts';
import { fileImported, startBenchImport } from './import.ts';
import { measureCpu, startBenchProduct } from './product.ts';
import { number, printMachine, printTable } from './report.ts';

/** Five forms in turn. With 6 clicks a person, 2 people in a hundred match each, with 20 clicks 22, with 40 a third. */
const filterOf = (at: number): string =>
  [
    `AND (email_click_ct >= ${12 + (at % 4)}, rs_offers INTERSECTS ("Offer ${at % 40}", "Offer ${(at + 7) % 40}"))`,
    `AND (email_last_click_ts > "now-${1_000 + at}d", email_first_click_ts < "2026-01-02", email_click_ct > 11)`,
    `AND (hourly.\`${at % 24}\` >= 4, NOT EXISTS email_bounce_ct)`,
    `AND (rs_campaign_id == "${900 + (at % 7)}", last_active_ts < "2026-01-${10 + (at % 5)}", NOT (channels INTERSECTS ("sms")))`,
    `OR (AND (rs_categories CONTAINS "Category ${at % 9}", email_click_ct < 1), email_urls LIKE "*/me/${at}?at=1*")`,
  ][at % 5] ?? '*';

/** On an empty store: nobody is to be looked at. */
async function addRules(store: Pool, rules: number): Promise<void> {
  await addUserFields(
    store,
    new Map([
      ['email_click_ct', 'int'],
      ['email_bounce_ct', 'int'],
      ['rs_offers', '[]string'],
      ['rs_categories', '[]string'],
      ['email_urls', '[]string'],
      ['channels', '[]string'],
      ['rs_campaign_id', 'string'],
      ['hourly', 'map[string]intsum'],
      ['email_last_click_ts', 'date'],
      ['email_first_click_ts', 'date'],
      ['last_active_ts', 'date'],
    ]),
  );
  for (let at = 0; at < rules; at++) await saveRule(store, `Rule ${at}`, `FILTER ${filterOf(at)}`);
  await store.query('update audiences set owed = null, owed_from = null');
}

interface Asked {
  readonly rows: number;
  readonly people: number;
}

interface Measured {
  readonly seconds: readonly number[];
  readonly storeCpu: readonly number[];
  /** Who entered or left an audience. */
  readonly moved: readonly number[];
}

async function measure(
  folder: string,
  rules: number,
  { rows, people }: Asked,
  atEnd: AtEnd,
): Promise<Measured> {
  const server = await startEventServer(folder, atEnd);
  const product = await startBenchProduct(folder, atEnd);
  try {
    await addRules(product.store, rules);
    const seconds: number[] = [];
    const storeCpu: number[] = [];
    const moved: number[] = [];
    let jobId: string | undefined;
    for (const day of [1, 2]) {
      const name = `1234_CLICK_2026020${day}_000000.txt`;
      const plain = join(folder, name);
      await writeClickFile(plain, { rows, people, order: 'random' });
      server.encrypt(plain, `${name}.gpg`);
      writeFileSync(join(server.ssh.home, `${name}.gpg.ready`), '');
      const { result, cpu } = await measureCpu(product, async () => {
        jobId ??= await startBenchImport(product, server);
        return fileImported(product, jobId, day);
      });
      seconds.push(result);
      storeCpu.push(cpu.postgres);
      const { rows: counted } = await product.store.query<{ moved: number }>(
        'select coalesce(sum(cardinality(audience_ids)), 0)::int as moved from changes',
      );
      moved.push((counted[0]?.moved ?? 0) - moved.reduce((sum, before) => sum + before, 0));
    }
    return { seconds, storeCpu, moved };
  } finally {
    await product.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const benchRules: Bench = async (folder, args, atEnd) => {
  const { values: flags } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '300000' },
      people: { type: 'string', default: '50000' },
      rules: { type: 'string', default: '100' },
      times: { type: 'string', default: '3' },
    },
  });
  const asked = { rows: Number(flags.rows), people: Number(flags.people) };
  const variants = [0, Number(flags.rules)];
  const measured = new Map<number, Measured[]>(variants.map((rules) => [rules, []]));
  for (let time = 0; time < Number(flags.times); time++)
    for (const rules of variants)
      measured.get(rules)?.push(await measure(mkdtempSync(join(folder, 'run-')), rules, asked, atEnd));
  const of = (rules: number, pick: (one: Measured) => number | undefined): number =>
    median((measured.get(rules) ?? []).map((one) => pick(one) ?? NaN));
  printTable(
    ['file', 'rules', 'seconds', 'rows a second', 'more', 'CPU s of the store', 'entered or left'],
    ['new people', 'known people'].flatMap((file, at) =>
      variants.map((rules) => {
        const seconds = of(rules, (one) => one.seconds[at]);
        const more = seconds / of(0, (one) => one.seconds[at]) - 1;
        return [
          file,
          String(rules),
          number(seconds, 1),
          number(asked.rows / seconds),
          rules === 0 ? '' : `${number(more * 100)}%`,
          number(
            of(rules, (one) => one.storeCpu[at]),
            1,
          ),
          number(of(rules, (one) => one.moved[at])),
        ];
      }),
    ),
  );
  printMachine();
};
