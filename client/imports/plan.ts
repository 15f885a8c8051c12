/**
 * What an import's file would do, without doing it: logs in, looks at the folder, and reads one small file to
 * its end. Imports nothing and writes nothing.
 */
import { seenFiles } from '../../activities/importing/discover.ts';
import { openJobFolder } from '../../activities/importing/job-folder.ts';
import { readMapping } from '../../activities/importing/lql-mapping.ts';
import { sampleFile } from '../../activities/importing/sample-file.ts';
import { ExpectedError, errorKinds } from '../../jobs/errors.ts';
import type { ImportActivityConfiguration } from '../../jobs/import-activity.ts';
import type { EventFolder } from '../../systems/sftp/index.ts';
import type { SeenFile } from '../../systems/store/event-files.ts';
import { readImportJobs } from '../../systems/store/import-jobs.ts';
import type { ImportJob } from '../../systems/store/import-jobs.ts';
import { kindOfJob } from '../../systems/store/jobs.ts';
import { importAuthorization } from '../authorizations/import-authorization.ts';
import type { Context } from '../context.ts';
import { daysOf } from './accounts-in-folder.ts';
import type { Days } from './accounts-in-folder.ts';

/** A file up to here is read to try keys and delimiter; larger ones are not worth the wait. */
const largestSampleBytes = 1024 * 1024;

export interface FileGroup extends Days {
  readonly accountId: string;
  readonly eventType: string;
  readonly files: number;
  readonly bytes: number;
}

export interface ImportPlan {
  readonly label: string;
  /** The job of this label, where there is one. */
  readonly job: ImportJob | undefined;
  /** Everything that is wrong, each as "field: what"; empty where the job can start. */
  readonly faults: readonly string[];
  /** User fields that the mapping makes; undefined where it cannot be read. */
  readonly fields: number | undefined;
  /** Undefined where the folder could not be looked at. */
  readonly found:
    | {
        readonly path: string;
        readonly hostKeyFingerprint: string;
        readonly taken: readonly FileGroup[];
        readonly leftAlone: number;
        /** A file that was read to try keys and delimiter; undefined where none is small enough. */
        readonly sample: { readonly name: string; readonly columns: readonly string[] } | undefined;
      }
    | undefined;
}

/** @throws ExpectedError SERVICE_UNAVAILABLE: then nothing is known of what is right or wrong */
export async function planImport(
  context: Context,
  configuration: ImportActivityConfiguration,
): Promise<ImportPlan> {
  const store = await context.store();
  const { label } = configuration;
  const faults: string[] = [];
  /** What a person has to mend is a fault of the file; what passes by itself is none. */
  const tried = async <Result>(field: string, work: () => Promise<Result>): Promise<Result | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ExpectedError) || isPassing(error)) throw error;
      faults.push(withField(field, error.message));
      return undefined;
    }
  };
  const kind = await kindOfJob(store, label);
  if (kind !== undefined && kind !== 'import-activity')
    faults.push(`label: a job called "${label}" exists, of the kind ${kind}`);
  const job = (await readImportJobs(store, label)).find((one) => one.label === label);
  const mapping = await tried('mapping', () =>
    Promise.resolve().then(() => readMapping(configuration.mapping)),
  );
  const found = await tried('authorization', async () => {
    const { id } = await importAuthorization(store, configuration.authorization);
    const signal = AbortSignal.timeout(120_000);
    const place = { authorizationId: id, configuration };
    const folder = await openJobFolder({ store, key: context.key() }, place, signal);
    try {
      const { files, path } = await folder.list();
      const { files: seen, leftAlone } = await seenFiles(store, { id: job?.id ?? '', configuration }, files);
      const sample = await tried('customDelimiter', () => sampleOf(folder, id, seen, signal));
      const { hostKeyFingerprint } = folder;
      return { path, hostKeyFingerprint, taken: groupsOf(seen), leftAlone, sample };
    } finally {
      await folder.close();
    }
  });
  return { label, job, faults, fields: mapping?.fields.length, found };

  async function sampleOf(
    folder: EventFolder,
    authorizationId: string,
    seen: readonly SeenFile[],
    signal: AbortSignal,
  ): Promise<{ readonly name: string; readonly columns: readonly string[] } | undefined> {
    const file = seen
      .filter(({ sizeBytes }) => sizeBytes > 0 && sizeBytes <= largestSampleBytes)
      .sort((one, other) => (one.stamp < other.stamp ? -1 : 1))[0];
    if (file === undefined) return undefined;
    const listed = { name: file.path, bytes: file.sizeBytes, modifiedMs: file.modifiedAtMs };
    const reading = { authorizationId, delimiter: configuration.customDelimiter };
    const { columns } = await sampleFile(
      { store, key: context.key() },
      folder,
      listed,
      reading,
      signal,
    ).catch((error: unknown) => {
      // Its fault says which file it was; the others may be in order.
      if (error instanceof ExpectedError)
        throw new ExpectedError(error.code, `${file.path}: ${error.message}`);
      throw error;
    });
    return { name: file.path, columns };
  }
}

const isPassing = ({ code }: ExpectedError): boolean => errorKinds[code].retried;

/** Messages that name a field already are left as they are. */
function withField(field: string, message: string): string {
  const bare = message.replace(/\.$/, '');
  return /^(authorization|mapping|Folder|host|label)\b[^:]*:/.test(bare) ? bare : `${field}: ${bare}`;
}

function groupsOf(files: readonly SeenFile[]): readonly FileGroup[] {
  const groups = Map.groupBy(files, ({ accountId, eventType }) => `${accountId} ${eventType}`);
  return Array.from(groups.values(), (own): FileGroup => ({
    accountId: own[0]?.accountId ?? '',
    eventType: own[0]?.eventType ?? '',
    files: own.length,
    bytes: own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ...daysOf(own),
  })).sort((one, other) =>
    `${one.accountId} ${one.eventType}` < `${other.accountId} ${other.eventType}` ? -1 : 1,
  );
}
