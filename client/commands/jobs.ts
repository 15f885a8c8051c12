/**
 * `jobs`: start, list, show, watch, steer, and what became of every member.
 */
import type { Command } from 'commander';
import { ExpectedError } from '../../jobs/errors.ts';
import { stateInWords } from '../../jobs/state-words.ts';
import { readCampaignJobs } from '../../systems/store/campaign-jobs.ts';
import { findProfiles, normaliseIdentity } from '../../systems/store/identities.ts';
import { listJobs } from '../../systems/store/jobs.ts';
import { readCounts } from '../../systems/store/ledger.ts';
import { listCampaigns } from '../campaigns/show-summary.ts';
import { summariseMails } from '../campaigns/summary.ts';
import { runs } from '../command.ts';
import { addRetryCommand } from './jobs-retry.ts';
import { addVerifyCommand } from './jobs-verify.ts';
import { listImports } from '../imports/commands.ts';
import { steerings } from '../kinds/kind.ts';
import type { Steering } from '../kinds/kind.ts';
import { refuseLacking } from '../kinds/lacking.ts';
import { kindNamed, readJobFile } from '../kinds/table.ts';
import { addCampaignCommands } from './campaigns.ts';
import { addImportCommands } from './imports.ts';
import { addJobFileCommands } from './job-files.ts';

export function addJobCommands(program: Command): void {
  const jobs = program
    .command('jobs')
    .description('start jobs, watch and steer them, see what became of every member');

  runs(
    jobs.command('start').argument('<file>', 'the job’s YAML file').description('start a job'),
    async ({ context, output }, file = '') => (await readJobFile(file)).start(context, output),
  );

  addJobFileCommands(jobs);

  runs(jobs.command('list').description('all jobs, with their states'), async ({ context, output }) => {
    const store = await context.store();
    const rows = await Promise.all(
      (await listJobs(store)).map(async (job) => ({ job, counts: await readCounts(store, job.id) })),
    );
    const imports = await listImports(store);
    const campaigns = await Promise.all(
      (await readCampaignJobs(store)).map((job) => summariseMails(store, job)),
    );
    output.result([
      ...rows.map(({ job, counts }) => ({
        id: job.id,
        label: job.label,
        kind: job.kind,
        state: job.state,
        reason: job.stateReason,
        counts,
      })),
      ...imports,
      ...campaigns,
    ]);
    if (rows.length > 0 || campaigns.length + imports.length === 0)
      output.table(
        ['job', 'label', 'state', 'accepted', 'rejected', 'not in list', 'reason'],
        rows.map(({ job, counts }) => [
          job.id,
          job.label,
          stateInWords(job.state),
          counts.accepted,
          counts.rejected,
          counts['not-in-list'],
          job.stateReason.split('\n')[0] ?? '',
        ]),
      );
    if (campaigns.length > 0) listCampaigns(output, campaigns);
    if (imports.length === 0) return;
    output.table(
      ['import', 'label', 'state', 'files', 'done', 'set aside', 'events', 'rejected', 'reason'],
      imports.map(({ id, label, state, files, events, reason }) => [
        id,
        label,
        state,
        files.found,
        files.done,
        files.setAside,
        events.total,
        events.rejected,
        reason.split('\n')[0] ?? '',
      ]),
    );
  });

  runs(
    jobs.command('show').argument('<job>', 'its id or label').description('how a job stands'),
    async ({ context, output }, name = '') =>
      (await kindNamed(await context.store(), name)).show(context, output, name),
  );

  runs<{ untilScanned?: boolean }>(
    jobs
      .command('watch')
      .argument('<job>')
      .option('--until-scanned', 'end when the scan is done and the queue empty')
      .description('watch a job, with a progress bar while it scans'),
    async ({ context, output, options }, name = '') => {
      const kind = await kindNamed(await context.store(), name);
      return kind.watch(context, output, name, { untilScanned: options.untilScanned === true });
    },
  );

  for (const how of Object.keys(steerings) as Steering[]) {
    runs(
      jobs.command(how).argument('<job>').description(steerings[how]),
      async ({ context, output }, name = '') =>
        (await kindNamed(await context.store(), name)).steer(context, output, name, how),
    );
  }

  addImportCommands(jobs);
  addCampaignCommands(jobs);

  runs<{ csv?: string }>(
    jobs
      .command('failures')
      .argument('<job>')
      .option('--csv <file>', 'write the members with identifiers and reasons')
      .description('rejected members, by reason'),
    async ({ context, output, options }, name = '') =>
      (await kindNamed(await context.store(), name)).failures(context, output, name, options.csv),
  );

  addRetryCommand(jobs);
  addVerifyCommand(jobs);

  runs<{ email?: string }>(
    jobs
      .command('history')
      .argument('<job>')
      .requiredOption('--email <address>', 'the person')
      .description('what a job did about a person'),
    async ({ context, output, options }, name = '') => {
      const store = await context.store();
      const kind = await kindNamed(store, name);
      await refuseLacking(store, 'history', name);
      const value = normaliseIdentity('email', options.email ?? '');
      const [profileId] =
        value === undefined
          ? []
          : await findProfiles(store, await context.hashKeys(), [{ field: 'email', value }]);
      if (profileId === undefined)
        throw new ExpectedError('NOT_FOUND', '--email: the store knows nobody of this address.');
      await kind.history(context, output, name, profileId);
    },
  );
}
