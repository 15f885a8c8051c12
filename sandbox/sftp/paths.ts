/**
 * Paths that clients name, on this machine's disk: `/` is the served folder, nothing leads out of it, and
 * links are not followed, wherever they lead.
 */
import { realpath } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';

export class OutsideTheFolder extends Error {}

/** What a client means, as the server says it: relative paths begin at `/`, and `..` ends there. */
export const shownPath = (given: string): string => posix.resolve('/', given);

/**
 * Where a path lies on the disk; its last part may be missing, or a link, which is the caller's not to follow.
 * @param root the served folder's real path
 * @throws OutsideTheFolder when a link lies on the way; Error ENOENT when the folder above is missing
 */
export async function realPathOf(root: string, given: string): Promise<string> {
  if (given.includes('\0')) throw new OutsideTheFolder('a path with a NUL byte');
  const real = join(root, shownPath(given));
  if (real === root) return root;
  const above = dirname(real);
  if ((await realpath(above)) !== above) throw new OutsideTheFolder('a link on the way');
  return real;
}
