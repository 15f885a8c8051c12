/**
 * One SFTP session: the requests of a client, answered from the served folder. Requests are answered as they
 * are done, many at once, so that a client which reads ahead is not held up. What the protocol could do beyond
 * (links, extensions) is answered as unsupported.
 */
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rmdir, unlink, utimes } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import type { Attributes, SFTPWrapper } from 'ssh2';
import { attributesOf, entryOf } from './attributes.ts';
import { OutsideTheFolder, realPathOf, shownPath } from './paths.ts';

const { STATUS_CODE, OPEN_MODE } = ssh2.utils.sftp;

/** What one read gives at most, whatever is asked for. */
const maxReadBytes = 256 * 1024;
/** Of one answer to a listing. */
const entriesAtOnce = 100;

type Held = { readonly file: FileHandle } | { readonly folder: string; readonly names: string[] };

/** @param root the served folder's real path */
export function serveSession(sftp: SFTPWrapper, root: string): void {
  const held = new Map<number, Held>();
  let lastHandle = 0;

  const keep = (what: Held): Buffer => {
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(++lastHandle);
    held.set(lastHandle, what);
    return handle;
  };
  const numberOf = (handle: Buffer): number => (handle.length === 4 ? handle.readUInt32BE() : 0);
  const fileOf = (handle: Buffer): FileHandle => {
    const found = held.get(numberOf(handle));
    if (found === undefined || !('file' in found)) throw new Failure('There is no such open file');
    return found.file;
  };
  /** Answers with what `work` answers, or with the status that its error comes to. */
  const answer = (request: number, work: () => Promise<void>): void => {
    work().catch((error: unknown) => {
      const { code, text } = statusOf(error);
      sftp.status(request, code, text);
    });
  };
  const done = (request: number): void => sftp.status(request, STATUS_CODE.OK);
  const onPath = (request: number, given: string, work: (path: string) => Promise<void>): void =>
    answer(request, async () => work(await realPathOf(root, given)));
  const stat = (request: number, given: string): void =>
    onPath(request, given, async (path) => sftp.attrs(request, attributesOf(await lstat(path))));

  sftp.on('REALPATH', (request, given) => {
    const filename = shownPath(given);
    sftp.name(request, [{ filename, longname: filename, attrs: {} as Attributes }]);
  });
  sftp.on('STAT', stat).on('LSTAT', stat);
  sftp.on('OPENDIR', (request, given) =>
    onPath(request, given, async (folder) =>
      sftp.handle(request, keep({ folder, names: await readdir(folder) })),
    ),
  );
  sftp.on('READDIR', (request, handle) =>
    answer(request, async () => {
      const found = held.get(numberOf(handle));
      if (found === undefined || !('names' in found)) throw new Failure('There is no such open folder');
      if (found.names.length === 0) {
        sftp.status(request, STATUS_CODE.EOF);
        return;
      }
      const names = found.names.splice(0, entriesAtOnce);
      const all = await Promise.all(names.map(async (name) => entryIfThere(found.folder, name)));
      sftp.name(
        request,
        all.flatMap((entry) => entry ?? []),
      );
    }),
  );
  sftp.on('OPEN', (request, given, flags) =>
    onPath(request, given, async (path) => {
      const file = await open(path, openFlags(flags), 0o644);
      if (!(await file.stat()).isFile()) {
        await file.close();
        throw new Failure('It is no file');
      }
      sftp.handle(request, keep({ file }));
    }),
  );
  sftp.on('READ', (request, handle, offset, length) =>
    answer(request, async () => {
      const block = Buffer.allocUnsafe(Math.min(length, maxReadBytes));
      const { bytesRead } = await fileOf(handle).read(block, 0, block.length, offset);
      if (bytesRead === 0) sftp.status(request, STATUS_CODE.EOF);
      else sftp.data(request, block.subarray(0, bytesRead));
    }),
  );
  sftp.on('WRITE', (request, handle, offset, data) =>
    answer(request, async () => {
      const file = fileOf(handle);
      for (let at = 0; at < data.length;)
        at += (await file.write(data, at, data.length - at, offset + at)).bytesWritten;
      done(request);
    }),
  );
  sftp.on('FSTAT', (request, handle) =>
    answer(request, async () => sftp.attrs(request, attributesOf(await fileOf(handle).stat()))),
  );
  sftp.on('CLOSE', (request, handle) =>
    answer(request, async () => {
      const found = held.get(numberOf(handle));
      held.delete(numberOf(handle));
      if (found !== undefined && 'file' in found) await found.file.close();
      done(request);
    }),
  );
  sftp.on('SETSTAT', (request, given, { atime, mtime }) =>
    onPath(request, given, async (path) => {
      if (!(await lstat(path)).isFile()) throw new Failure('It is no file');
      await utimes(path, atime, mtime);
      done(request);
    }),
  );
  // Clients set the rights of what they upload; here all files have the same.
  sftp.on('FSETSTAT', done);
  sftp.on('MKDIR', (request, given) =>
    onPath(request, given, async (path) => {
      await mkdir(path);
      done(request);
    }),
  );
  sftp.on('REMOVE', (request, given) =>
    onPath(request, given, async (path) => {
      await unlink(path);
      done(request);
    }),
  );
  sftp.on('RMDIR', (request, given) =>
    onPath(request, given, async (path) => {
      if (path === root) throw new OutsideTheFolder('the served folder itself');
      await rmdir(path);
      done(request);
    }),
  );
  sftp.on('RENAME', (request, from, to) =>
    onPath(request, from, async (path) => {
      const target = await realPathOf(root, to);
      if (path === root || target === root) throw new OutsideTheFolder('the served folder itself');
      // As version 3 has it, and OpenSSH: what is there stays.
      if (await isThere(target)) throw new Failure('There is a file of that name');
      await rename(path, target);
      done(request);
    }),
  );
  // A client that has said all it wants waits for the server to close: OpenSSH's for ever.
  sftp.once('end', () => sftp.end());
  sftp.once('close', () => {
    for (const found of held.values()) if ('file' in found) found.file.close().catch(() => undefined);
    held.clear();
  });
}

class Failure extends Error {}

/** Without a link at the end: those are shown, never followed. */
function openFlags(asked: number): number {
  const has = (flag: number): boolean => (asked & flag) !== 0;
  const [reads, writes] = [has(OPEN_MODE.READ), has(OPEN_MODE.WRITE)];
  return (
    constants.O_NOFOLLOW |
    // A pipe that somebody put there would hold the request up for ever.
    constants.O_NONBLOCK |
    (writes ? (reads ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY) |
    (has(OPEN_MODE.APPEND) ? constants.O_APPEND : 0) |
    (has(OPEN_MODE.CREAT) ? constants.O_CREAT : 0) |
    (has(OPEN_MODE.TRUNC) && writes ? constants.O_TRUNC : 0) |
    (has(OPEN_MODE.EXCL) ? constants.O_EXCL : 0)
  );
}

/** A file may go between the listing of its name and the look at it. */
async function entryIfThere(folder: string, name: string) {
  try {
    return entryOf(name, await lstat(join(folder, name)));
  } catch {
    return undefined;
  }
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

function statusOf(error: unknown): { readonly code: number; readonly text: string } {
  const errno = error instanceof Error && 'code' in error ? error.code : undefined;
  if (errno === 'ENOENT') return { code: STATUS_CODE.NO_SUCH_FILE, text: 'No such file' };
  if (error instanceof OutsideTheFolder || errno === 'EACCES' || errno === 'EPERM' || errno === 'ELOOP')
    return { code: STATUS_CODE.PERMISSION_DENIED, text: 'Permission denied' };
  // The system's own words name paths of this machine.
  const text =
    error instanceof Failure ? error.message : `Failure${typeof errno === 'string' ? ` (${errno})` : ''}`;
  return { code: STATUS_CODE.FAILURE, text };
}
