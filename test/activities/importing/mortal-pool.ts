/** For tests: what a process that dies at any of its queries leaves in the store. */
import type { Pool } from '../../../systems/store/database.ts';

export class Died extends Error {}

/** A pool of a process that dies at its n-th query, a commit's answer being lost or not. */
export function mortal(pool: Pool, dieAt: number, commitArrives: boolean): Pool {
  let queries = 0;
  const connect = async () => {
    const client = await pool.connect();
    const query = async (...args: unknown[]): Promise<unknown> => {
      queries += 1;
      const run = (): unknown => (client.query as (...given: unknown[]) => unknown)(...args);
      if (args[0] === 'rollback') return run();
      if (queries < dieAt) return run();
      if (queries === dieAt && args[0] === 'commit' && commitArrives) await run();
      throw new Died(`at query ${queries}`);
    };
    return new Proxy(client, {
      get: (target, name) => {
        if (name !== 'query') return Reflect.get(target, name) as unknown;
        // COPY hands over a stream at once, and cannot be refused as a promise.
        return (...args: unknown[]) =>
          typeof args[0] === 'string'
            ? query(...args)
            : (target.query as (...a: unknown[]) => unknown)(...args);
      },
    });
  };
  return new Proxy(pool, {
    get: (target, name) => {
      if (name === 'connect') return connect;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
