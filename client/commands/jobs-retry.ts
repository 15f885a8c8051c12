/**
 * `jobs retry`: rejected members of an export, or files of an import, again.
 */
import type { Command } from 'commander';
import { notValid } from '../../jobs/errors.ts';
import { findJob } from '../../systems/store/jobs.ts';
import { groupFailures } from '../../systems/store/ledger.ts';
import { runs } from '../command.ts';
import { importNamed } from '../imports/commands.ts';
import { retryImport } from '../imports/retry.ts';
import { retryRejected } from '../jobs/steer.ts';

export function addRetryCommand(jobs: Command): void {
  runs<{ reason?: string; file?: string }>(
    jobs
      .command('retry')
      .argument('<job>')
      .option('--reason <code>', 'only those rejected for this reason; "jobs failures" lists them')
      .option('--file <name>', 'of an import: this file alone')
      .description('send rejected members again; of an import, take files that failed again'),
    async ({ context, output, options: { reason, file } }, name = '') => {
      const store = await context.store();
      const ofImport = await importNamed(store, name);
      if (ofImport !== undefined) return retryImport(context, output, ofImport, file);
      const job = await findJob(store, name);
      const failures = await groupFailures(store, job.id);
      const codes = [...new Set(failures.map(({ code }) => code))];
      if (reason !== undefined && !codes.includes(reason))
        throw notValid(
          '--reason',
          `nobody is rejected for "${reason}"; ${codes.length === 0 ? 'nobody is rejected at all' : `there are ${codes.join(', ')}`}`,
        );
      const members = failures
        .filter(({ code }) => reason === undefined || code === reason)
        .reduce((sum, group) => sum + group.members, 0);
      if (members > 0) await retryRejected(await context.temporal(), job, reason);
      output.result({ job: job.id, members });
      output.line(
        members === 0
          ? `${job.label}: no member is rejected.`
          : `${job.label}: ${members} rejected members are sent again.`,
      );
    },
  );
}
