/** A sealed file that is read while it is written: the same bytes, whoever was first, or what failed the writing. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { readSealed, sealWhileRead } from '../../../systems/sftp/sealed-file.ts';
import type { SealedFile } from '../../../systems/sftp/sealed-file.ts';

describe('A sealed file that is being written', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-sealed-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'spool');
  const block = 64 * 1024;

  async function* inPieces(content: Buffer, pieces: readonly number[]): AsyncGenerator<Buffer> {
    for (let at = 0, count = 0; at < content.length; count++) {
      const length = pieces[count % pieces.length] ?? block;
      // Now the readers are ahead, now the writer.
      for (let turns = length % 4; turns > 0; turns--) await turn();
      yield content.subarray(at, at + length);
      at += length;
    }
  }
  const read = async (sealed: SealedFile, from: number, to: number): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    for await (const piece of readSealed(sealed, from, to)) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  const lengths = fc.oneof(
    fc.constantFrom(0, 1, block - 1, block, block + 1, 3 * block),
    fc.nat({ max: 5 * block }),
  );
  const pieces = fc.array(fc.integer({ min: 1, max: 2 * block }), { minLength: 1, maxLength: 9 });

  test('reads as what was written, from any place to any other, before it is there', () =>
    fc.assert(
      fc.asyncProperty(
        lengths,
        pieces,
        fc.array(fc.tuple(fc.nat({ max: 5 * block }), fc.nat({ max: 5 * block })), { maxLength: 4 }),
        async (length, sizes, places) => {
          const content = randomBytes(length);
          const { sealed, done } = sealWhileRead(path, inPieces(content, sizes), length);
          const ranges = places.map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const);
          await Promise.all([
            done,
            ...[[0, length] as const, ...ranges].map(async ([from, to]) =>
              assert.ok((await read(sealed, from, to)).equals(content.subarray(from, to))),
            ),
          ]);
          assert.ok((await read(sealed, 0, length)).equals(content));
        },
      ),
      { numRuns: 50 },
    ));

  test('nobody waits for what never comes, and nobody reads to the end of what has failed', () =>
    fc.assert(
      fc.asyncProperty(lengths, pieces, async (length, sizes) => {
        const failure = new Error('the line was cut');
        const content = async function* (): AsyncGenerator<Buffer> {
          yield* inPieces(Buffer.alloc(length), sizes);
          throw failure;
        };
        const failed = sealWhileRead(path, content(), length);
        const early = assert.rejects(read(failed.sealed, 0, length), failure);
        await assert.rejects(failed.done, failure);
        await early;
        await assert.rejects(read(failed.sealed, 0, length), failure);

        for (const told of [length + 1, length + block, Math.floor(length / 2) - 1]) {
          const { sealed, done } = sealWhileRead(path, inPieces(Buffer.alloc(length), sizes), told);
          const reading = read(sealed, 0, told).then(
            (bytes) => bytes.length,
            () => 'failed',
          );
          await assert.rejects(done, /were to come/);
          assert.equal(await reading, 'failed');
        }
      }),
      { numRuns: 30 },
    ));
});
