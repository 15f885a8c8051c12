/** An import's plan, as people read it. */
import type { ImportActivityConfiguration } from '../../jobs/import-activity.ts';
import type { Output } from '../output.ts';
import type { ImportPlan } from './plan.ts';

export function showImportPlan(
  output: Output,
  configuration: ImportActivityConfiguration,
  { label, job, faults, fields, found }: ImportPlan,
): void {
  const taken = found?.taken ?? [];
  output.result({
    label,
    job: job === undefined ? null : { id: job.id, state: job.state },
    faults,
    fields: fields ?? null,
    folder: found?.path ?? null,
    hostKeyFingerprint: found?.hostKeyFingerprint ?? null,
    files: taken,
    leftAlone: found?.leftAlone ?? null,
    sample: found?.sample ?? null,
  });
  output.line(job === undefined ? `${label} would be a new job.` : `${label} is ${job.id}, ${job.state}.`);
  if (fields !== undefined)
    output.line(
      `Mapping: ${configuration.mapping === undefined ? 'the default one' : 'an own one'}, ${fields} user fields.`,
    );
  if (found === undefined) return;
  output.line(`Folder:  ${found.path}, host key ${found.hostKeyFingerprint}`);
  if (taken.length === 0) output.line('There is no event file in it that the job takes.');
  else
    output.table(
      ['account', 'event', 'files', 'bytes', 'from', 'to'],
      taken.map(({ accountId, eventType, files, bytes, from, to }) => [
        accountId,
        eventType,
        files,
        bytes,
        from,
        to,
      ]),
    );
  output.line(`Left alone: ${found.leftAlone} files of other accounts or days, or that are no event files.`);
  if (found.sample !== undefined)
    output.line(
      `Read to its end: ${found.sample.name}, columns ${found.sample.columns.join(', ') || 'none'}`,
    );
  output.line('Nothing was imported.');
}
