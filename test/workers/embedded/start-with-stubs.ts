/** `npm start` with stand-ins for the worker and the sandbox, so that this is tested alone. */
import { join } from 'node:path';
import { runStart } from '../../../workers/start-command.ts';

await runStart(process.argv.slice(2), {
  worker: join(import.meta.dirname, 'stub-worker.ts'),
  sandbox: join(import.meta.dirname, 'stub-sandbox.ts'),
});
