/** Event files in every packaging, made by the programs that customers use: gpg, zip and gzip. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { sealFile } from '../../../systems/sftp/sealed-file.ts';
import type { SealedFile } from '../../../systems/sftp/sealed-file.ts';
import { readRows } from '../../../systems/sftp/index.ts';
import type { EventFile } from '../../../systems/sftp/rows/read-rows.ts';
import type { Reading, RowItem } from '../../../systems/sftp/rows/reading.ts';
import { unlockPgpKey } from '../../../systems/sftp/pgp-key.ts';
import type { UnlockedPgpKey } from '../../../systems/sftp/pgp-key.ts';

export const pgpPassphrase = 'opensesame';
export type KeyName = 'rsa' | 'curve' | 'other';

export interface Packer {
  readonly folder: string;
  gpg(args: readonly string[], input: Uint8Array): Buffer;
  /** Runs a program in the folder on a file with this content, and gives what it left in another. */
  run(program: string, args: readonly string[]): Buffer;
  write(name: string, content: Uint8Array | string): string;
  privateKey(name: KeyName, form: 'armored' | 'binary'): string;
  unlocked(name: KeyName): Promise<UnlockedPgpKey>;
  seal(content: Uint8Array): Promise<SealedFile>;
  remove(): void;
}

export function openPacker(): Packer {
  const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-gpg-'));
  // The usual million rounds over a passphrase protect nobody here, and cost seconds a key.
  writeFileSync(join(folder, 'gpg-agent.conf'), 's2k-count 65536\n');
  const base = ['--homedir', folder, '--batch', '--yes', '--quiet', '--trust-model', 'always'];
  const secret = ['--pinentry-mode', 'loopback', '--passphrase', pgpPassphrase];
  const gpg = (args: readonly string[], input: Uint8Array = Buffer.alloc(0)): Buffer =>
    execFileSync('gpg', [...base, ...secret, ...args], {
      input,
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 2 ** 30,
    });
  const makeKey = (name: KeyName, main: string, sub: string): void => {
    gpg(['--quick-gen-key', `${name}@example.com`, main, 'sign,cert', 'never']);
    const listed = gpg(['--list-keys', '--with-colons', `${name}@example.com`]).toString();
    gpg(['--quick-add-key', /^fpr:+([0-9A-F]+):/m.exec(listed)?.[1] ?? '', sub, 'encr', 'never']);
  };
  makeKey('rsa', 'rsa2048', 'rsa2048');
  makeKey('curve', 'ed25519', 'cv25519');
  makeKey('other', 'ed25519', 'cv25519');
  const privateKey = (name: KeyName, form: 'armored' | 'binary'): string => {
    const exported = gpg([
      '--export-secret-keys',
      ...(form === 'armored' ? ['--armor'] : []),
      `${name}@example.com`,
    ]);
    return form === 'armored' ? exported.toString() : exported.toString('base64');
  };
  const unlocked = new Map<KeyName, Promise<UnlockedPgpKey>>();
  return {
    folder,
    gpg,
    run: (program, args) => execFileSync(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }),
    write: (name, content) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    },
    privateKey,
    unlocked: (name) => {
      const known =
        unlocked.get(name) ?? unlockPgpKey({ pgpPrivateKey: privateKey(name, 'armored'), pgpPassphrase });
      unlocked.set(name, known);
      return known;
    },
    seal: (content) =>
      sealFile(
        join(folder, `${randomUUID()}.spool`),
        (async function* () {
          for (let at = 0; at < content.length; at += 50_000)
            yield await Promise.resolve(content.subarray(at, at + 50_000));
        })(),
      ),
    remove: () => {
      try {
        execFileSync('gpgconf', ['--homedir', folder, '--kill', 'gpg-agent'], { stdio: 'ignore' });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

export const clicks: Reading = { delimiter: '|', requiredColumns: ['riid', 'event_captured_dt'] };

export function eventFile(
  spooled: SealedFile,
  other: { readonly keys?: UnlockedPgpKey; readonly reading?: Reading; readonly freeBytes?: number } = {},
): EventFile {
  const { freeBytes = 32 * 2 ** 20 } = other;
  return {
    spooled,
    unwrapping: {
      pgpKeys: other.keys?.keys ?? [],
      limits: { maxBytes: 2 ** 32, maxRatio: 50, freeBytes, maxEntries: 100 },
      stallMs: 1000,
    },
    reading: other.reading ?? clicks,
  };
}

export async function allRows(file: EventFile): Promise<RowItem[]> {
  const rows: RowItem[] = [];
  for await (const { items } of readRows(file)) rows.push(...items);
  return rows;
}

export const clickText = (rows: number): string =>
  ['EVENT_TYPE_ID|RIID|Event_Captured_DT|OFFER_URL']
    .concat(
      Array.from(
        { length: rows },
        (_, at) => `5|${at * 7}|17-Mar-2021 09:16:48|https://example.com/${(at * 7919) % 1000}`,
      ),
    )
    .join('\n') + '\n';
