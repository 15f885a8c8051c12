/** Workflows as they must not be changed: a wait more at the beginning, which no running job has in its history. */
import { sleep } from '@temporalio/workflow';
import { exportAudience as whole } from '../../../workflows/export-audience.ts';
import type { ExportInput } from '../../../workflows/export-audience.ts';
import type { ExportEnd } from '../../../jobs/messages.ts';

export async function exportAudience(input: ExportInput): Promise<ExportEnd> {
  await sleep(1_000);
  return whole(input);
}
