/**
 * What the environment says: where the store, Temporal and the keys are. Nothing else reads `process.env`,
 * but Temporal's own variables (`TEMPORAL_*`), which `@temporalio/envconfig` reads.
 *
 * Without a database URL the embedded default is meant: its address stands in `running.json` of the data
 * folder while `npm start` runs.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { duration } from '../jobs/duration.ts';

const variables = z.object({
  /** PostgreSQL's URL, as `postgres://user:password@host:5432/database`. */
  LYTICS_RESPONSYS_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  /** The key that encrypts secrets in the store: 32 bytes in base64. */
  LYTICS_RESPONSYS_KEY: z
    .string()
    .refine((text) => Buffer.from(text, 'base64').length === 32, 'expected 32 bytes in base64')
    .optional(),
  /** Hosts besides Oracle's, with their ports, that may be sent a login: `127.0.0.1:8091,127.0.0.1:8092`. */
  LYTICS_RESPONSYS_ALLOW_HOSTS: z.string().default(''),
  /** How often those are looked at who may enter or leave an audience by the clock. */
  LYTICS_RESPONSYS_REEVALUATE_EVERY: duration.default(5 * 60_000),
  /** The embedded default's data folder. */
  LYTICS_RESPONSYS_DATA: z.string().default('data'),
  /** Where downloaded binaries are kept. */
  LYTICS_RESPONSYS_CACHE: z.string().optional(),
  LYTICS_RESPONSYS_LOG: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Paths of Temporal's binaries, where they are not to be looked for. */
  LYTICS_RESPONSYS_TEMPORAL: z.string().optional(),
  LYTICS_RESPONSYS_TEMPORAL_TEST_SERVER: z.string().optional(),
  XDG_CACHE_HOME: z.string().optional(),
});

/** Where the sandbox serves event files: what an SFTP authorization is made of, and the folder on this machine. */
export const fileServerSchema = z.object({
  host: z.string(),
  port: z.number(),
  username: z.string(),
  privateKeyFile: z.string(),
  hostKeyFingerprint: z.string(),
  folder: z.string(),
});

const runningFile = z.object({
  pid: z.number(),
  databaseUrl: z.string(),
  key: z.string(),
  temporalAddress: z.string(),
  uiUrl: z.string(),
  allowHosts: z.array(z.string()),
  sandbox: z
    .object({
      login: z.string(),
      page: z.string(),
      username: z.string(),
      password: z.string(),
      sftp: fileServerSchema,
    })
    .optional(),
});

/** What `npm start` writes for the commands that talk to it; mode 600, since it holds secrets. */
export type Running = z.infer<typeof runningFile>;

export interface Environment {
  readonly databaseUrl: string | undefined;
  readonly key: string | undefined;
  readonly allowHosts: readonly string[];
  readonly reevaluateEveryMs: number;
  readonly dataFolder: string;
  readonly cacheFolder: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly temporalBinary: string | undefined;
  readonly temporalTestServerBinary: string | undefined;
}

/** The environment, checked. @throws Error that names the variable and what is wrong with it */
// eslint-disable-next-line no-restricted-properties -- the one place that reads it
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const parsed = variables.safeParse(env);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join('.') ?? 'environment'}: ${issue?.message ?? 'not valid'}`);
  }
  const found = parsed.data;
  return {
    databaseUrl: found.LYTICS_RESPONSYS_DATABASE_URL,
    key: found.LYTICS_RESPONSYS_KEY,
    allowHosts: found.LYTICS_RESPONSYS_ALLOW_HOSTS.split(',')
      .map((host) => host.trim())
      .filter((host) => host !== ''),
    reevaluateEveryMs: found.LYTICS_RESPONSYS_REEVALUATE_EVERY,
    dataFolder: resolve(found.LYTICS_RESPONSYS_DATA),
    cacheFolder:
      found.LYTICS_RESPONSYS_CACHE ??
      join(found.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'lytics-responsys'),
    logLevel: found.LYTICS_RESPONSYS_LOG,
    temporalBinary: found.LYTICS_RESPONSYS_TEMPORAL,
    temporalTestServerBinary: found.LYTICS_RESPONSYS_TEMPORAL_TEST_SERVER,
  };
}

export const runningFilePath = (dataFolder: string): string => join(dataFolder, 'running.json');

/** What the embedded default of this data folder says of itself, or undefined where none has written it. */
export function readRunning(dataFolder: string): Running | undefined {
  const path = runningFilePath(dataFolder);
  if (!existsSync(path)) return undefined;
  return runningFile.parse(JSON.parse(readFileSync(path, 'utf8')));
}

const authorizationPrefix = 'LYTICS_RESPONSYS_AUTHORIZATION_';

/** The variable that gives a field of an authorization, as LYTICS_RESPONSYS_AUTHORIZATION_ENDPOINT_URI. */
export const authorizationVariable = (field: string): string =>
  authorizationPrefix + field.replace(/[A-Z]/g, '_$&').toUpperCase();

/** The fields of an authorization that the environment gives; a blank one is the same as none. */
export function readAuthorizationFields(
  // eslint-disable-next-line no-restricted-properties -- the one place that reads it
  env: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const given = Object.entries(env).flatMap(([name, value = '']) =>
    name.startsWith(authorizationPrefix) && value !== ''
      ? [[fieldOf(name.slice(authorizationPrefix.length)), value] as const]
      : [],
  );
  return Object.fromEntries(given);
}

const fieldOf = (words: string): string =>
  words.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** For child processes that are to find their own way: the environment without what would lead them elsewhere. */
export function environmentForChildren(): NodeJS.ProcessEnv {
  const elsewhere = new Set(['LYTICS_RESPONSYS_DATABASE_URL', 'LYTICS_RESPONSYS_KEY', 'TEMPORAL_ADDRESS']);
  // eslint-disable-next-line no-restricted-properties -- handed on, not read
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !elsewhere.has(name)));
}
