/**
 * The worker's parts put together for the tests under fire: the product's own activities and workflows, with
 * a word at each named point, no wait for the minute's allowance, and small pages.
 */
import { ApplicationFailure } from '@temporalio/common';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker, bundleWorkflowCode } from '@temporalio/worker';
import type { InjectedSinks, WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { pino } from 'pino';
import type { Means } from '../../activities/connections.ts';
import { exportActivities } from '../../activities/export-audience.ts';
import { campaignActivities } from '../../activities/export-campaign.ts';
import { relayActivities } from '../../activities/relay.ts';
import { taskQueue } from '../../jobs/job-id.ts';
import { connectResponsys } from '../../systems/responsys/index.ts';
import type { Governor, Responsys } from '../../systems/responsys/index.ts';
import { openAuthorization } from '../../systems/store/authorizations.ts';
import { openStore } from '../../systems/store/database.ts';
import type { Pool } from '../../systems/store/database.ts';
import { keyFrom } from '../../systems/store/secrets.ts';
import { workflowSources } from '../../workers/workflow-sources.ts';
import type { Point } from './points.ts';
import type { FireSinks } from './workflow-interceptors.ts';

export interface FireWorkerOptions {
  readonly databaseUrl: string;
  readonly key: string;
  readonly allowHosts: readonly string[];
  readonly address: string;
  readonly namespace: string;
}

/** @param isKilled the worker is: then steps that died are noticed within seconds */
export const bundleForFire = (isKilled: boolean): Promise<WorkflowBundleWithSourceMap> =>
  bundleWorkflowCode({
    workflowsPath: workflowSources.workflowsPath,
    workflowInterceptorModules: [
      ...workflowSources.workflowInterceptorModules,
      ...(isKilled ? [new URL('workflow-interceptors.ts', import.meta.url).pathname] : []),
    ],
  });

/** How long a request is under way when it counts as sent: the sandbox then takes it in, and works later. */
const sentAfterMs = 8;
const scanPages = () => ({ pageMembers: 90, pagesAtOnce: 4 });
/** The steps that send. */
const sending: ReadonlySet<string> = new Set(['sendBatch', 'scanAudience', 'mailBatch', 'walkCampaign']);

export interface FireWorker {
  readonly worker: Worker;
  close(): Promise<void>;
}

export async function startFireWorker(
  options: FireWorkerOptions,
  workflowBundle: WorkflowBundleWithSourceMap | { readonly codePath: string },
  reached: (point: Point) => void,
): Promise<FireWorker> {
  const { address, namespace, allowHosts } = options;
  const store = await openStore(options.databaseUrl);
  tellOfWrites(store, reached);
  const connection = await Connection.connect({ address });
  const nativeConnection = await NativeConnection.connect({ address });
  const key = keyFrom(options.key);
  const means: Means = {
    store,
    key,
    allowHosts,
    temporal: new Client({ connection, namespace }),
    log: pino({ level: 'silent' }),
    stopping: new AbortController().signal,
  };
  let responsys: Promise<Responsys> | undefined;
  const connect = async (authorizationId: string): Promise<Responsys> => {
    const { authorization } = await openAuthorization(store, key, authorizationId);
    if (authorization.kind !== 'responsys-interact') throw new Error('an authorization of another kind');
    const governor: Governor = { run: (_, __, call) => call() };
    const log = (): void => undefined;
    return tellOfRequests(connectResponsys({ login: authorization, allowHosts, governor, log }), reached);
  };
  const connections = {
    responsys: (id: string) => (responsys ??= connect(id)),
    close: () => Promise.resolve(),
  };
  const sinks: InjectedSinks<FireSinks> = {
    fire: { continuesAsNew: { fn: () => reached('at continue-as-new'), callDuringReplay: false } },
  };
  const worker = await Worker.create({
    connection: nativeConnection,
    namespace,
    taskQueue,
    workflowBundle,
    activities: {
      ...exportActivities(means, connections, scanPages),
      ...campaignActivities(means, connections),
      ...relayActivities(means),
    },
    sinks,
    maxCachedWorkflows: 10,
    shutdownGraceTime: 0,
    shutdownForceTime: 3_000,
    interceptors: {
      activity: [
        (context) => ({
          inbound: {
            execute: async (input, next) => {
              const beat = context.heartbeat.bind(context);
              Object.defineProperty(context, 'heartbeat', {
                value: (details?: unknown) => {
                  if (sending.has(context.info.activityType)) reached('before a heartbeat');
                  beat(details);
                },
              });
              return next(input).catch((error: unknown) => {
                throw sooner(error);
              });
            },
          },
        }),
      ],
    },
  });
  return {
    worker,
    close: async () => {
      await nativeConnection.close();
      await connection.close();
      await store.end();
    },
  };
}

/** What waits a minute for the service's good will is tried again in a moment. */
function sooner(error: unknown): unknown {
  if (!(error instanceof ApplicationFailure) || error.nextRetryDelay === undefined) return error;
  return ApplicationFailure.create({
    ...(error.type == null ? {} : { type: error.type }),
    message: error.message,
    nextRetryDelay: 300,
  });
}

function tellOfRequests(responsys: Responsys, reached: (point: Point) => void): Responsys {
  const told = async <Answer>(call: Promise<Answer>): Promise<Answer> => {
    const sent = setTimeout(() => reached('request sent'), sentAfterMs);
    const answer = await call.finally(() => clearTimeout(sent));
    reached('answer received');
    return answer;
  };
  return {
    ...responsys,
    mergeListMembers: (...given) => told(responsys.mergeListMembers(...given)),
    mergeTableMembers: (...given) => told(responsys.mergeTableMembers(...given)),
    triggerEmail: (...given) => told(responsys.triggerEmail(...given)),
  };
}

/** What a transaction has done, by the text of a statement of it. */
const writes: readonly (readonly [text: string, point: Point])[] = [
  ['insert into ledger', 'ledger written'],
  ["set fate = 'claimed'", 'mails claimed'],
  ["set fate = case when given.fate = 'waiting'", 'outcomes written'],
];

/** Says when a transaction that wrote what matters is committed. */
function tellOfWrites(store: Pool, reached: (point: Point) => void): void {
  const wrapped = new WeakSet<object>();
  store.on('acquire', (client) => {
    if (wrapped.has(client)) return;
    wrapped.add(client);
    const query = client.query.bind(client) as (...given: readonly unknown[]) => unknown;
    let written: Point | undefined;
    Object.defineProperty(client, 'query', {
      value: (...given: readonly unknown[]) => {
        const [text] = given;
        if (text === 'begin') written = undefined;
        if (typeof text === 'string') written = writes.find(([own]) => text.includes(own))?.[1] ?? written;
        const result = query(...given);
        const point = written;
        if (text !== 'commit' || point === undefined || !(result instanceof Promise)) return result;
        return result.then((done: unknown) => {
          reached(point);
          return done;
        });
      },
    });
  });
}
