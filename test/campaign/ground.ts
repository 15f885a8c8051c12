/**
 * The ground of tests of campaign jobs: a store, a job on the sandbox with a list and a campaign of its own, and
 * people who enter and leave. What the sandbox's outbox holds in the end is compared with what happened here.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { exportCampaignSchema } from '../../jobs/export-campaign.ts';
import type { ExportCampaignConfiguration } from '../../jobs/export-campaign.ts';
import { exportCampaignWorkflowId, newJobId, relayWorkflowId, taskQueue } from '../../jobs/job-id.ts';
import { statusQuery } from '../../jobs/messages.ts';
import { addAuthorization } from '../../systems/store/authorizations.ts';
import { changeMembership, ensureAudience } from '../../systems/store/audiences.ts';
import { readMailCounts } from '../../systems/store/campaign-counts.ts';
import { addCampaignJob } from '../../systems/store/campaign-jobs.ts';
import { openStore, transaction } from '../../systems/store/database.ts';
import type { Pool } from '../../systems/store/database.ts';
import { openHashKeys } from '../../systems/store/identities.ts';
import { writeProfiles } from '../../systems/store/profiles.ts';
import type { FieldValue } from '../../systems/store/profiles.ts';
import { keyFrom } from '../../systems/store/secrets.ts';
import { addUserFields } from '../../systems/store/user-fields.ts';
import { exportCampaign } from '../../workflows/index.ts';
import type { CampaignInput } from '../../workflows/export-campaign.ts';
import { freshDatabase } from '../harness/postgres.ts';
import type { TestSandbox } from '../harness/sandbox.ts';
import type { TestWorkerOptions } from '../harness/worker.ts';

export interface Mail {
  readonly email: string;
  readonly campaign: string;
  readonly riid: number;
  readonly atMs: number;
  readonly optionalData: readonly { readonly name: string; readonly value: string }[];
  readonly skipped: string | null;
}

export interface CampaignGround {
  readonly store: Pool;
  readonly jobId: string;
  readonly campaign: string;
  readonly list: string;
  /** What a worker on it is started with. */
  readonly places: Omit<TestWorkerOptions, 'logFile'>;
  /** Writes people of these fields. @returns their profiles */
  people(fields: readonly Readonly<Record<string, FieldValue>>[]): Promise<readonly string[]>;
  change(profileIds: readonly string[], how: 'enter' | 'exit'): Promise<void>;
  start(input?: Partial<CampaignInput>): Promise<WorkflowHandle<typeof exportCampaign>>;
  /** The mails of its campaign. */
  readonly outbox: () => Promise<readonly Mail[]>;
  readonly fates: () => Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

export async function openCampaignGround(
  sandbox: TestSandbox,
  temporal: { readonly address: string; readonly namespace: string; readonly client: Client },
  settings: Partial<ExportCampaignConfiguration> | Readonly<Record<string, unknown>> = {},
): Promise<CampaignGround> {
  const database = await freshDatabase();
  const store = await openStore(database.url);
  const key = randomBytes(32).toString('base64');
  const hashKeys = await openHashKeys(store, keyFrom(key));
  const list = `L${randomBytes(5).toString('hex')}`;
  const campaign = `C${list}`;
  await sandbox.control('config', {
    lists: [{ name: list, folder: 'Lytics', fields: [] }],
    campaigns: [{ name: campaign, folder: 'Lytics', list, purpose: 'TRANSACTIONAL', tables: [`F${list}`] }],
  });
  await addUserFields(
    store,
    new Map(['email', 'tier', 'email_last_opt_out_ts'].map((name) => [name, 'string'])),
  );
  const { username, password, login } = sandbox;
  const authorization = await addAuthorization(store, keyFrom(key), {
    ...{ kind: 'responsys-interact', label: 'Sandbox', description: '', username, password },
    endpointUri: login,
  });
  const audience = await ensureAudience(store, 'Source');
  const configuration = exportCampaignSchema.parse({
    ...{ job: 'export-campaign', authorization: 'Sandbox', label: 'Mails', audience: 'Source', campaign },
    ...{ additionalFields: ['tier'], fieldsTable: `F${list}`, flushInterval: '1s' },
    ...settings,
  });
  const jobId = newJobId(() => randomBytes(1)[0] ?? 0);
  await transaction(store, (own) =>
    addCampaignJob(own, {
      id: jobId,
      configuration,
      authorizationId: authorization.id,
      audienceIds: [audience.id],
    }),
  );
  const { address, namespace, client } = temporal;
  return {
    store,
    jobId,
    campaign,
    list,
    places: { databaseUrl: database.url, key, allowHosts: sandbox.allowHosts, address, namespace },
    people: async (fields) => {
      const written = await transaction(store, (own) =>
        writeProfiles(
          own,
          hashKeys,
          fields.map((one, index) => ({
            // Known by a number of their own, so that two may have one address.
            identities: [
              { field: 'customer_id', value: `${list}-${index}-${randomBytes(4).toString('hex')}` },
            ],
            fields: one,
          })),
        ),
      );
      return written.map(({ profileId }) => profileId);
    },
    change: async (profileIds, how) => {
      await transaction(store, (own) => changeMembership(own, audience.id, profileIds, how));
    },
    start: (input = {}) =>
      client.workflow.start(exportCampaign, {
        workflowId: exportCampaignWorkflowId(jobId),
        taskQueue,
        args: [
          {
            jobId,
            batchSize: configuration.batchSize,
            flushIntervalMs: configuration.flushInterval,
            backfill: configuration.backfill,
            canary: configuration.canary,
            ...input,
          },
        ],
      }),
    outbox: async () => {
      const response = await fetch(`${sandbox.login}/_sandbox/outbox`);
      const text = await response.text();
      const mails = text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Mail);
      return mails.filter((mail) => mail.campaign === campaign);
    },
    fates: async () => {
      const counts = await readMailCounts(store, jobId);
      return Object.fromEntries(Object.entries(counts).filter(([, mails]) => mails > 0));
    },
    close: async () => {
      for (const workflowId of [exportCampaignWorkflowId(jobId), relayWorkflowId])
        await client.workflow
          .getHandle(workflowId)
          .terminate()
          .catch(() => undefined);
      await store.end();
      await database.drop();
    },
  };
}

/** Looks until it is so; what it was instead stands in the failure. */
export async function until(
  look: () => Promise<unknown>,
  isSo: (seen: never) => boolean,
  withinMs = 40_000,
): Promise<void> {
  const end = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (isSo(seen as never)) return;
    if (Date.now() > end) throw new Error(`it stayed ${JSON.stringify(seen)}`);
    await wait(150);
  }
}

/** The job has been checked, and waits for entries. */
export const untilFollowing = (job: WorkflowHandle<typeof exportCampaign>): Promise<void> =>
  until(
    () => job.query(statusQuery).catch(String),
    (status: { state?: string; scanning?: boolean }) =>
      status.state === 'running' && status.scanning === false,
  );
