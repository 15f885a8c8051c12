/**
 * What of a folder's listing is the job's: event files of its accounts, from its start date on, and which of
 * them are whole.
 */
import { defaultReadiness, look } from '../../systems/sftp/readiness.ts';
import type { ListedFile, ReadinessSettings } from '../../systems/sftp/readiness.ts';
import type { Database } from '../../systems/store/database.ts';
import { readSightings } from '../../systems/store/event-files.ts';
import type { SeenFile } from '../../systems/store/event-files.ts';
import type { ImportJob } from '../../systems/store/import-jobs.ts';

const readinessOf = ({ marker, stableFor }: ImportJob['configuration']): ReadinessSettings => ({
  ...defaultReadiness,
  settleMs: stableFor,
  ...(marker === undefined ? {} : { marker, requireMarker: true }),
});

export async function seenFiles(
  database: Database,
  { id, configuration }: Pick<ImportJob, 'id' | 'configuration'>,
  listing: readonly ListedFile[],
): Promise<{
  readonly atMs: number;
  readonly files: readonly SeenFile[];
  readonly leftAlone: number;
}> {
  const sightings = await readSightings(database, id);
  const seen = look(
    listing,
    sightings.files.map((file) => ({
      name: file.path,
      bytes: file.sizeBytes,
      modifiedMs: file.modifiedAt.getTime(),
      firstSeenMs: file.firstSeenAt.getTime(),
    })),
    sightings.nowMs,
    readinessOf(configuration),
  );
  const accounts = new Set(configuration.accountIds);
  const firstDay = configuration.startDate?.replaceAll('-', '') ?? '';
  const own = seen.files.filter(
    ({ file }) => (accounts.size === 0 || accounts.has(file.accountId)) && file.stamp >= firstDay,
  );
  return {
    atMs: sightings.nowMs,
    files: own.map(({ name, bytes, modifiedMs, ready, file, countFile }) => ({
      path: name,
      sizeBytes: bytes,
      modifiedAtMs: modifiedMs,
      accountId: file.accountId,
      eventType: file.type,
      stamp: file.stamp,
      isWhole: ready,
      countFile,
    })),
    leftAlone: seen.others + seen.files.length - own.length,
  };
}
