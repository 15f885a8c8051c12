/**
 * What is said of the members who enter while a campaign job is stopped: it mails who enters while it runs. Beside
 * the count it names what mails them all the same.
 */
import type { ExportCampaignConfiguration } from '../../jobs/export-campaign.ts';
import { countMissed } from '../../systems/store/campaign-present.ts';
import type { CampaignJob } from '../../systems/store/campaign-jobs.ts';
import type { Pool } from '../../systems/store/database.ts';

/** Of a job that is there and stopped; 0 for any other. @param job of the file's label */
export const missedBy = async (store: Pool, job: CampaignJob | undefined): Promise<number> =>
  job === undefined ? 0 : countMissed(store, job.id);

/** @returns undefined where nobody is missed, or the job fills back when it starts */
export function missedInWords(
  missed: number,
  { backfill }: Pick<ExportCampaignConfiguration, 'backfill'>,
): string | undefined {
  if (missed === 0 || backfill) return undefined;
  return (
    `${missed.toLocaleString('en')} members entered while the job was stopped: they get no mail for it. ` +
    '"jobs backfill" mails them, with all other members that have no mail of their stay.'
  );
}

/** @param waiting entries that no mail has gone to */
export function stoppedInWords(waiting: number): string {
  const wait =
    waiting === 0
      ? ''
      : `${waiting.toLocaleString('en')} who entered wait: they are mailed when it is started again, if they are members then. `;
  return `${wait}Who enters while it is stopped gets no mail; after "jobs pause" they would wait.`;
}
