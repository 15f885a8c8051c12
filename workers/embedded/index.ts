/**
 * The embedded default, whole: data folder, PostgreSQL, Temporal, sandbox if asked for, worker. Started in
 * this order and stopped in the opposite one; when one part does not start, those that did are stopped.
 */
import { rmSync } from 'node:fs';
import { runningFilePath, type Environment, type Running } from '../../systems/environment.ts';
import type { Child, ChildExit } from './child.ts';
import { recordChild, stopOrphans } from './children-file.ts';
import { masterKey, openDataFolder, writePrivately } from './data-folder.ts';
import { startPostgres } from './postgres.ts';
import { startSandbox } from './sandbox-process.ts';
import { findTemporalBinary } from './temporal-binaries.ts';
import { startTemporal } from './temporal-server.ts';
import { startWorker } from './worker-process.ts';

export interface EmbeddedOptions {
  readonly environment: Pick<
    Environment,
    'dataFolder' | 'cacheFolder' | 'allowHosts' | 'temporalBinary' | 'temporalTestServerBinary'
  >;
  /** Temporal's port, 0 for any free one. */
  readonly port: number;
  /** The Web UI's port, 0 for any free one. */
  readonly uiPort: number;
  /** Starts the sandbox too, on this port, 0 for any free one. */
  readonly sandboxPort?: number | undefined;
  /** Of the sandbox's SFTP server, 0 for any free one. */
  readonly sftpPort: number;
  /** Removes PostgreSQL's data at the stop; the data folder itself is its maker's to remove. @default false */
  readonly throwaway?: boolean;
  /** Told in the reader's words what takes a while or was found. */
  readonly notice?: (text: string) => void;
  /** Gives up between two parts. */
  readonly signal?: AbortSignal;
  /** Other programs in the place of the worker and the sandbox, for tests. */
  readonly files?: { readonly worker?: string; readonly sandbox?: string };
}

export interface Embedded {
  readonly running: Running;
  /** The data folder's real path. */
  readonly dataFolder: string;
  /** Resolves with the first child that ends without being told to. */
  readonly failed: Promise<ChildExit>;
  /** Stops all parts, politely first; safe to call twice. */
  stop(): Promise<void>;
}

/** @throws ExpectedError in the reader's words, with everything stopped again */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const folder = openDataFolder(options.environment.dataFolder);
  const stops: (() => void | Promise<void>)[] = [folder.unlock];
  const stopOnce = once(async () => {
    rmSync(runningFilePath(folder.path), { force: true });
    for (const stop of stops.toReversed()) await stop();
  });
  try {
    return await startParts(folder.path, options, stops, stopOnce);
  } catch (error) {
    await stopOnce();
    throw error;
  }
}

async function startParts(
  dataFolder: string,
  options: EmbeddedOptions,
  stops: (() => void | Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Embedded> {
  const { environment, files, signal, notice = () => undefined } = options;
  const orphans = await stopOrphans(dataFolder);
  if (orphans.length > 0) notice(`Stopped what an earlier start had left running: ${orphans.join(', ')}.`);
  const children: Child[] = [];
  const onSpawn = (child: Child) => recordChild(dataFolder, child);
  const key = masterKey(dataFolder);

  const binary = await findTemporalBinary('temporal', environment, notice);
  signal?.throwIfAborted();
  const postgres = await startPostgres({ dataFolder, throwaway: options.throwaway ?? false, onSpawn });
  stops.push(() => postgres.stop());
  children.push(postgres.child);

  signal?.throwIfAborted();
  const temporal = await startTemporal({
    binary,
    dataFolder,
    port: options.port,
    uiPort: options.uiPort,
    onSpawn,
  });
  stops.push(() => temporal.stop());
  children.push(temporal.child);

  signal?.throwIfAborted();
  const sandbox =
    options.sandboxPort === undefined
      ? undefined
      : await startSandbox({
          dataFolder,
          port: options.sandboxPort,
          sftpPort: options.sftpPort,
          file: files?.sandbox,
          onSpawn,
        });
  if (sandbox !== undefined) {
    stops.push(() => sandbox.child.stop());
    children.push(sandbox.child);
  }

  signal?.throwIfAborted();
  const allowHosts = [...environment.allowHosts, ...(sandbox?.allowHosts ?? [])];
  const places = { databaseUrl: postgres.url, key, temporalAddress: temporal.address, allowHosts };
  const worker = await startWorker({ dataFolder, ...places, file: files?.worker, onSpawn });
  stops.push(() => worker.stop());
  children.push(worker);

  signal?.throwIfAborted();
  const running: Running = {
    pid: process.pid,
    ...places,
    uiUrl: temporal.uiUrl,
    ...(sandbox === undefined ? {} : { sandbox: sandbox.face }),
  };
  writePrivately(runningFilePath(dataFolder), JSON.stringify(running, undefined, 2));
  return { running, dataFolder, failed: Promise.race(children.map(({ exited }) => exited)), stop };
}

function once(action: () => Promise<void>): () => Promise<void> {
  let begun: Promise<void> | undefined;
  return () => (begun ??= action());
}
