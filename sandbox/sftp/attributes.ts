/** Files as the SFTP protocol shows them, version 3: attributes, and the line of a listing. */
import type { Stats } from 'node:fs';
import type { Attributes, FileEntry } from 'ssh2';

const seconds = (ms: number): number => Math.floor(ms / 1000);

export const attributesOf = ({ mode, uid, gid, size, atimeMs, mtimeMs }: Stats): Attributes => ({
  mode,
  uid,
  gid,
  size,
  atime: seconds(atimeMs),
  mtime: seconds(mtimeMs),
});

export const entryOf = (filename: string, stats: Stats): FileEntry => ({
  filename,
  longname: longName(filename, stats),
  attrs: attributesOf(stats),
});

const rights = ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'];

/** As `ls -l` has it: clients read a file's kind from it. */
function longName(filename: string, stats: Stats): string {
  const kind = stats.isDirectory() ? 'd' : stats.isSymbolicLink() ? 'l' : stats.isFile() ? '-' : 'p';
  const mode = [6, 3, 0].map((shift) => rights[(stats.mode >> shift) & 7]).join('');
  const [day = '', time = ''] = new Date(stats.mtimeMs).toISOString().split('T');
  return `${kind}${mode} ${stats.nlink} ${stats.uid} ${stats.gid} ${stats.size} ${day} ${time.slice(0, 5)} ${filename}`;
}
