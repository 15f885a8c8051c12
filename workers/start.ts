/** `npm start`: see start-command.ts. */
import { runStart } from './start-command.ts';

await runStart(process.argv.slice(2));
