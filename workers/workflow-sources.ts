/** What a bundle of the workflows is made of: without what is loaded into each of them, a run may come to stand still. */
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', 'workflows');

export const workflowSources = {
  workflowsPath: join(folder, 'index.ts'),
  workflowInterceptorModules: [join(folder, 'refuse-early-query.ts')],
};
