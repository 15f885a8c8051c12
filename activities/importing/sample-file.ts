/**
 * One small event file, read to its end without a trace: shows before a job starts whether its keys and its
 * delimiter fit.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventFolder } from '../../systems/sftp/index.ts';
import type { ListedFile } from '../../systems/sftp/readiness.ts';
import { prove, readRows } from '../../systems/sftp/rows/read-rows.ts';
import { isBad } from '../../systems/sftp/rows/reading.ts';
import type { Means } from '../connections.ts';
import { requiredColumns } from './import-content.ts';
import { pgpKeysOf } from './job-folder.ts';

export interface Sample {
  /** In lower case; none where the file has no rows. */
  readonly columns: readonly string[];
}

/** @throws ExpectedError FILE_… for what is wrong with the file, others for what is wrong around it */
export async function sampleFile(
  means: Pick<Means, 'store' | 'key'>,
  folder: EventFolder,
  file: ListedFile,
  { authorizationId, delimiter }: { readonly authorizationId: string; readonly delimiter: string },
  signal: AbortSignal,
): Promise<Sample> {
  const pgpKeys = await pgpKeysOf(means, { authorizationId });
  const place = await mkdtemp(join(tmpdir(), 'lytics-responsys-sample-'));
  try {
    const { spooled, fetched } = folder.download(file, { spoolPath: join(place, 'file.sealed'), signal });
    await fetched;
    const content = {
      spooled,
      unwrapping: { pgpKeys, signal },
      reading: { delimiter, requiredColumns },
    };
    await prove(content);
    for await (const { items } of readRows(content))
      for (const item of items) if (!isBad(item)) return { columns: item.columns };
    return { columns: [] };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
