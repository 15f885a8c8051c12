/** A campaign job and its audience as rows of the store, and people for it. */
import { ensureAudience } from '../../../systems/store/audiences.ts';
import type { Pool } from '../../../systems/store/database.ts';

export interface BareCampaign {
  readonly jobId: string;
  readonly audienceId: string;
}

export async function addBareCampaign(store: Pool, jobId: string): Promise<BareCampaign> {
  const { id: audienceId } = await ensureAudience(store, jobId);
  await store.query(
    `insert into jobs (id, kind, label, authorization_id, configuration) values ($1, 'export-campaign', $1, 'a', '{}')`,
    [jobId],
  );
  await store.query('insert into job_audiences (job_id, audience_id, is_source) values ($1, $2, true)', [
    jobId,
    audienceId,
  ]);
  return { jobId, audienceId };
}

/** So many profiles without a field. @returns their ids */
export async function addPeople(store: Pool, count: number): Promise<readonly string[]> {
  const { rows } = await store.query<{ id: string }>(
    "insert into profiles (fields) select '{}' from generate_series(1, $1) returning id",
    [count],
  );
  return rows.map(({ id }) => id);
}
