/**
 * The sandbox without its network: one account's state, its switches, faults, limits and log, opened and
 * closed together.
 */
import { openAccount } from './account.ts';
import { openCatalog } from './catalog.ts';
import { overlay, readConfig } from './config.ts';
import type { Config } from './config.ts';
import type { Context } from './context.ts';
import type { FileServerFace } from './file-server.ts';
import { createFaults } from './faults.ts';
import type { Faults } from './faults.ts';
import { createLimits } from './limits.ts';
import type { Limits } from './limits.ts';
import { openRequestLog } from './request-log.ts';
import type { RequestLog } from './request-log.ts';
import { openServedFolder } from './sftp/folder.ts';
import type { ServedFolder } from './sftp/folder.ts';
import { openStorage } from './storage.ts';

export interface SandboxOptions {
  /** The SQLite file; made when absent. The request log, the SFTP server's keys and its folder lie beside it. */
  readonly data: string;
  /** What the configuration file says, laid over the defaults. */
  readonly config: unknown;
}

export interface Sandbox {
  readonly context: Context;
  readonly faults: Faults;
  readonly limits: Limits;
  readonly log: RequestLog;
  /** What the SFTP server serves. */
  readonly files: ServedFolder;
  /** Lays a patch over the configuration; it outlives a restart. @throws Error that says what is wrong with it */
  patchConfig(patch: unknown): Config;
  /** Everything as at the first start: content, patches, tokens, faults, limits, logged requests in memory, files. */
  reset(): void;
  listensAt(endPoint: string): void;
  servesFilesAt(face: FileServerFace): void;
  /** Undefined until it is started. */
  fileServer(): FileServerFace | undefined;
  close(): Promise<void>;
}

export function openSandbox(options: SandboxOptions): Sandbox {
  // A wrong configuration is told before a file is made.
  readConfig(options.config);
  const storage = openStorage(options.data);
  let patch: unknown = JSON.parse(storage.setting('config_patch') ?? '{}');
  let current = readConfig(options.config, patch);
  let endPoint = '';
  let fileServer: FileServerFace | undefined;
  const config = () => current;
  const catalog = openCatalog(storage);
  catalog.load(current);
  const faults = createFaults();
  const limits = createLimits(config);
  const files = openServedFolder(`${options.data}.files`);
  files.load(current.sftp.folders);
  const log = openRequestLog(`${options.data}.requests.jsonl`);
  const context: Context = {
    config,
    storage,
    catalog,
    account: openAccount(storage, config),
    newcomers: new Map(),
    endPoint: () => endPoint,
  };

  return {
    context,
    faults,
    limits,
    log,
    files,
    patchConfig(given) {
      const merged = overlay(patch, given);
      current = readConfig(options.config, merged);
      patch = merged;
      storage.setSetting('config_patch', JSON.stringify(patch));
      catalog.load(current);
      files.load(current.sftp.folders);
      return current;
    },
    reset() {
      storage.wipe();
      patch = {};
      current = readConfig(options.config);
      catalog.load(current);
      faults.clear();
      limits.clear();
      log.clear();
      files.empty();
      files.load(current.sftp.folders);
      context.newcomers.clear();
    },
    listensAt(origin) {
      endPoint = origin;
    },
    servesFilesAt(face) {
      fileServer = face;
    },
    fileServer: () => fileServer,
    async close() {
      await log.close();
      storage.close();
    },
  };
}
