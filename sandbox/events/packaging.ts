/**
 * How files are packed: plain, gzip, zip and PGP, one around the other, as streams. What is packed twice is
 * the same each time, but for PGP, whose messages never are.
 */
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { createGzip } from 'node:zlib';
import { createMessage, encrypt, readKey } from 'openpgp';
import type { Key } from 'openpgp';
import { ZipFile } from 'yazl';
import { Refused } from '../errors.ts';

const endings = { gzip: '.gz', zip: '.zip', pgp: '.gpg', 'pgp-armored': '.asc' } as const;
export type Layer = keyof typeof endings;

/** The layers from the inside out; undefined where it is no packaging. */
export function layersOf(packaging: string): readonly Layer[] | undefined {
  if (packaging === 'plain') return [];
  const layers = packaging.split('+');
  return layers.every((layer): layer is Layer => Object.hasOwn(endings, layer)) ? layers : undefined;
}

export const nameWith = (name: string, layers: readonly Layer[]): string =>
  layers.reduce((packed, layer) => `${packed}${endings[layer]}`, name);

/** @param text armored, or base64 @throws Refused INVALID_PARAMETER */
export async function readPublicKey(text: string): Promise<Key> {
  try {
    const key = text.trimStart().startsWith('-----BEGIN')
      ? await readKey({ armoredKey: text })
      : await readKey({ binaryKey: Buffer.from(text, 'base64') });
    await key.getEncryptionKey();
    // Of a private key, only what everybody may know is used.
    return key.toPublic();
  } catch {
    throw new Refused('INVALID_PARAMETER', 'publicKey is no PGP key that can encrypt, armored or in base64');
  }
}

interface Packing {
  /** Of the text inside. */
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly publicKey: Key | undefined;
  /** What archives say of the file's time. */
  readonly time: Date;
}

/** @throws Error when a layer of PGP has no key */
export async function pack(content: Readable, { name, layers, publicKey, time }: Packing): Promise<Readable> {
  let packed = content;
  let inside = name;
  for (const layer of layers) {
    packed = await around(layer, packed, inside);
    inside = nameWith(inside, [layer]);
  }
  return packed;

  async function around(layer: Layer, source: Readable, entry: string): Promise<Readable> {
    if (layer === 'gzip') return failingWith(source, source.pipe(createGzip()));
    if (layer === 'zip') {
      const archive = new ZipFile();
      archive.addReadStream(source, entry, { mtime: time });
      archive.end();
      return failingWith(source, Readable.from(archive.outputStream, { objectMode: false }));
    }
    if (publicKey === undefined) throw new Error('A PGP message needs a public key.');
    return encryptedTo(publicKey, source, layer === 'pgp-armored');
  }
}

function failingWith(source: Readable, packed: Readable): Readable {
  source.once('error', (error) => packed.destroy(error));
  return packed;
}

async function encryptedTo(key: Key, source: Readable, isArmored: boolean): Promise<Readable> {
  const message = await createMessage({
    binary: ReadableStream.from(source as AsyncIterable<Uint8Array>),
  });
  const given = { message, encryptionKeys: key };
  // The library's own types of streams lean on a package that it does not install.
  const sealed: unknown = isArmored
    ? await encrypt({ ...given, format: 'armored' })
    : await encrypt({ ...given, format: 'binary' });
  return Readable.from(sealed as AsyncIterable<Uint8Array | string>, { objectMode: false });
}
