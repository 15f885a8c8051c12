/**
 * The whole product with canaries in the place of its own secrets, and everything kept that it says of itself:
 * what Temporal shows, the worker's log, and what the commands of watching and steering print.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openStore } from '../../systems/store/database.ts';
import type { Pool } from '../../systems/store/database.ts';
import { openHashKeys } from '../../systems/store/identities.ts';
import { keyFrom } from '../../systems/store/secrets.ts';
import { startProduct } from '../client/product.ts';
import type { Product, Ran } from '../client/product.ts';
import { startCommands } from '../harness/commands.ts';
import { plantedValues, tokensOf } from './planted-values.ts';
import type { PlantedValues } from './planted-values.ts';
import { findCanaries } from './search.ts';
import type { Source } from './search.ts';
import { temporalSources } from './temporal-sources.ts';

export interface UnderWatch {
  readonly product: Product;
  readonly store: Pool;
  readonly planted: PlantedValues;
  /** Runs a command; both of its streams are searched. */
  readonly run: (...args: readonly string[]) => Promise<Ran>;
  /** The same; it must succeed. @returns its JSON */
  readonly done: <T>(...args: readonly string[]) => Promise<T>;
  /** Runs a command that shows a person what they ask for by name: what it complains of is searched alone. */
  readonly asked: (...args: readonly string[]) => Promise<Ran>;
  /** Has `jobs show` run until the job is as wanted. */
  readonly shownAs: <T>(id: string, isSo: (shown: T) => boolean) => Promise<T>;
  /** Keeps what Temporal shows at this moment alone, and looks for the tokens of this moment from now on. */
  readonly look: (when: string) => Promise<void>;
  /** What is found of the canaries in all that was kept, in all histories and in the worker's log. */
  readonly finds: () => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

export async function startUnderWatch(): Promise<UnderWatch> {
  const planted = plantedValues();
  // The worker inherits it: what is only logged at its most talkative is searched as well.
  process.env['LYTICS_RESPONSYS_LOG'] = 'debug';
  const product = await startProduct(planted.text('store password'));
  const masterKey = product.env['LYTICS_RESPONSYS_KEY'] ?? '';
  planted.add('master key', masterKey);
  const store = await openStore(product.databaseUrl);
  for (const { id, secret } of (await openHashKeys(store, keyFrom(masterKey))).keys)
    for (const code of ['hex', 'base64'] as const)
      planted.add(`hash key ${id}, ${code}`, secret.export().toString(code));
  const commands = startCommands(product.env);
  const sources: Source[] = [];

  const run = async (...args: readonly string[]): Promise<Ran> => {
    const ran = await commands.run(args);
    sources.push({ place: args.slice(0, 2).join(' '), content: [ran.out, ran.err] });
    return ran;
  };
  return {
    product,
    store,
    planted,
    run,
    done: async <T>(...args: readonly string[]): Promise<T> => {
      const ran = await run(...args, '--json');
      assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.err}`);
      return JSON.parse(ran.out) as T;
    },
    asked: async (...args) => {
      const ran = await commands.run(args);
      sources.push({ place: `stderr of ${args.slice(0, 2).join(' ')}`, content: ran.err });
      return ran;
    },
    shownAs: async <T>(id: string, isSo: (shown: T) => boolean): Promise<T> => {
      for (let tries = 0; ; tries++) {
        const { out, err } = await run('jobs', 'show', id, '--json');
        const shown = JSON.parse(out === '' ? 'null' : out) as T;
        if (isSo(shown)) return shown;
        if (tries === 300) assert.fail(`it stayed ${out}${err}`);
        await wait(100);
      }
    },
    look: async (when) => {
      for (const token of tokensOf(product.sandbox.dataFolder))
        planted.add(`token ${token.slice(-4)}`, token);
      sources.push(...(await temporalSources(product.temporal, when, 'none')));
    },
    finds: async () => {
      const log = readFileSync(join(product.folder, 'worker.log'), 'utf8');
      const all = [
        ...sources,
        ...(await temporalSources(product.temporal, 'at the end')),
        { place: 'worker log', content: log },
      ];
      const finds = findCanaries(planted.all(), all);
      return [...new Set(finds.map(({ canary, place, form }) => `${canary} in ${place}, ${form}`))];
    },
    close: async () => {
      await commands.close();
      await store.end();
      await product.close();
    },
  };
}
