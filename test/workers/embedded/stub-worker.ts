/** Stands for the worker: ready at once, stops when it is told to or its parent is gone. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const { LYTICS_RESPONSYS_DATA: dataFolder = '.', ...env } = process.env;
const seen = Object.entries(env).filter(([name]) => /^(LYTICS_RESPONSYS|TEMPORAL)_/.test(name));
writeFileSync(join(dataFolder, 'worker-saw.json'), JSON.stringify(Object.fromEntries(seen)));
const stay = setInterval(() => undefined, 1_000);
const stop = (): void => {
  clearInterval(stay);
  if (process.connected) process.disconnect();
};
process.on('SIGTERM', stop).on('disconnect', stop);
process.send?.({ ready: true });
