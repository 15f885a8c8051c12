/**
 * Runs commands of the client one after the other in one process: a line of standard input has the arguments
 * of one, as JSON. The program is evaluated anew for each; what it imports is loaded once.
 */
import { createInterface } from 'node:readline';

const program = new URL('../../client/command-line.ts', import.meta.url).href;
/** Asked anew each time: a command sets it, wherever it ends. */
const exitCode = (): number => Number(process.exitCode ?? 0);
let commands = 0;
for await (const line of createInterface({ input: process.stdin })) {
  process.argv.splice(2, Infinity, ...(JSON.parse(line) as string[]));
  process.exitCode = undefined;
  commands += 1;
  await import(`${program}?${commands}`);
  const end = `\0${exitCode()}\n`;
  process.stdout.write(end);
  process.stderr.write(end);
}
