/** The texts that the project shares with its readers: the specification and the engine's answers. */
import { existsSync, readFileSync } from 'node:fs';

const folder = new URL('../../../shared/', import.meta.url);

/** A file of it, or why there is none: tests of it are skipped where the folder is not at hand. */
export function sharedText(path: string): { readonly text: string } | { readonly absent: string } {
  const file = new URL(path, folder);
  if (existsSync(file)) return { text: readFileSync(file, 'utf8') };
  if (process.env['CI'] === 'true') throw new Error(`${file.pathname} is missing`);
  return { absent: `${path} is not at hand (looked for at ${file.pathname})` };
}
