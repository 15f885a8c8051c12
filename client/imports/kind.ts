/**
 * Import Activity Data, as the commands of `jobs` know it.
 */
import { dirname, resolve } from 'node:path';
import { importActivitySchema } from '../../jobs/import-activity.ts';
import { importActivityWorkflowId } from '../../jobs/job-id.ts';
import { findImportJob } from '../../systems/store/import-jobs.ts';
import { checkFile, readText } from '../job-file.ts';
import { showChanges } from '../jobs/show-difference.ts';
import { showApplied, showStarted } from '../kinds/applied.ts';
import type { JobKind } from '../kinds/kind.ts';
import { lacking, titles } from '../kinds/lacking.ts';
import { applyImport } from './apply.ts';
import { showImport } from './commands.ts';
import { askForImport } from './create.ts';
import { planImport } from './plan.ts';
import { retryImport } from './retry.ts';
import { showImportPlan } from './show-plan.ts';
import { startNewImport } from './start.ts';
import { steerImport } from './steer.ts';
import { watchImport } from './watch.ts';

export const importKind: JobKind = {
  title: titles['import-activity'],
  ask: askForImport,
  read: async (path, content) => {
    const inFile = checkFile(path, content, importActivitySchema);
    const { mapping, label } = inFile;
    // Its text: a worker on another machine has no such file.
    const configuration =
      mapping === undefined
        ? inFile
        : { ...inFile, mapping: await readText(resolve(dirname(path), mapping)) };
    return {
      label,
      plan: async (context, output) => {
        const planned = await planImport(context, configuration);
        showImportPlan(output, configuration, planned);
        return planned.faults;
      },
      start: async (context, output) => {
        const [store, temporal] = [await context.store(), await context.temporal()];
        const job = await startNewImport(store, temporal, configuration);
        showStarted(output, context, job, importActivityWorkflowId(job.id));
      },
      apply: async (context, output, agree) => {
        const applied = await applyImport(context, configuration, (differences) => {
          showChanges(output, differences);
          return agree();
        });
        showApplied(output, applied);
      },
    };
  },
  show: async (context, output, name) =>
    showImport(context, output, await findImportJob(await context.store(), name)),
  watch: async (context, output, name, { untilScanned }) => {
    if (untilScanned) throw lacking('import-activity', 'watch --until-scanned', name);
    return watchImport(context, output, await findImportJob(await context.store(), name));
  },
  steer: async (context, output, name, how) =>
    steerImport(context, output, await findImportJob(await context.store(), name), how),
  retry: async (context, output, name, { reason, file }) => {
    if (reason !== undefined) throw lacking('import-activity', 'retry --reason', name);
    return retryImport(context, output, await findImportJob(await context.store(), name), file);
  },
  failures: (_context, _output, name) => Promise.reject(lacking('import-activity', 'failures', name)),
  history: (_context, _output, name) => Promise.reject(lacking('import-activity', 'history', name)),
};
