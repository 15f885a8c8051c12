/**
 * Authorizations: what may be shown as it is, what may not sealed with the master key.
 */
import { authorizationFields, authorizationSchema } from '../../jobs/authorization.ts';
import type { Authorization, AuthorizationKind } from '../../jobs/authorization.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import { newJobId } from '../../jobs/job-id.ts';
import { randomInt } from 'node:crypto';
import pg from 'pg';
import type { Database } from './database.ts';
import { seal, unseal } from './secrets.ts';
import type { Key } from './secrets.ts';

/** An authorization without its secrets. */
export interface AuthorizationSummary {
  readonly id: string;
  readonly kind: AuthorizationKind;
  readonly label: string;
  readonly description: string;
  readonly settings: Readonly<Record<string, string | number>>;
  /** Grows with each update: a login made with an older version is not used again. */
  readonly version: number;
  readonly updatedAt: Date;
}

const summary = 'id, kind, label, description, settings, version, updated_at as "updatedAt"';
const secretLabel = (id: string): string => `authorization/${id}`;
const uniqueViolation = '23505';
const foreignKeyViolation = '23503';

function split(authorization: Authorization): { settings: object; secrets: object } {
  const secret = new Set(
    authorizationFields[authorization.kind].filter((field) => field.secret).map((field) => field.name),
  );
  const own = new Set(['kind', 'label', 'description']);
  const fields = Object.entries(authorization).filter(([name]) => !own.has(name));
  return {
    settings: Object.fromEntries(fields.filter(([name]) => !secret.has(name))),
    secrets: Object.fromEntries(fields.filter(([name]) => secret.has(name))),
  };
}

/** @throws ExpectedError CONFLICT when the label is taken */
export async function addAuthorization(
  database: Database,
  key: Key,
  authorization: Authorization,
): Promise<AuthorizationSummary> {
  const id = newJobId(() => randomInt(256));
  const { settings, secrets } = split(authorization);
  const { rows } = await refusingTakenLabel(
    authorization.label,
    database.query<AuthorizationSummary>(
      `insert into authorizations (id, kind, label, description, settings, sealed_secrets)
       values ($1, $2, $3, $4, $5, $6) returning ${summary}`,
      [
        id,
        authorization.kind,
        authorization.label,
        authorization.description,
        settings,
        seal(key, secretLabel(id), Buffer.from(JSON.stringify(secrets))),
      ],
    ),
  );
  return found(rows[0], authorization.label);
}

/** Replaces all fields but the kind. @throws ExpectedError NOT_FOUND, CONFLICT */
export async function updateAuthorization(
  database: Database,
  key: Key,
  id: string,
  authorization: Authorization,
): Promise<AuthorizationSummary> {
  const { settings, secrets } = split(authorization);
  const { rows } = await refusingTakenLabel(
    authorization.label,
    database.query<AuthorizationSummary>(
      `update authorizations set label = $2, description = $3, settings = $4, sealed_secrets = $5,
              version = version + 1, updated_at = now()
        where id = $1 and kind = $6 returning ${summary}`,
      [
        id,
        authorization.label,
        authorization.description,
        settings,
        seal(key, secretLabel(id), Buffer.from(JSON.stringify(secrets))),
        authorization.kind,
      ],
    ),
  );
  return found(rows[0], authorization.label);
}

async function refusingTakenLabel<Result>(label: string, query: Promise<Result>): Promise<Result> {
  try {
    return await query;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === uniqueViolation)
      throw new ExpectedError('CONFLICT', `label: "${label}" is taken by another authorization.`);
    throw error;
  }
}

function found(row: AuthorizationSummary | undefined, name: string): AuthorizationSummary {
  if (row === undefined)
    throw new ExpectedError('NOT_FOUND', `authorization: there is none called "${name}".`);
  return row;
}

export async function listAuthorizations(database: Database): Promise<readonly AuthorizationSummary[]> {
  const { rows } = await database.query<AuthorizationSummary>(
    `select ${summary} from authorizations order by label`,
  );
  return rows;
}

/** @param name its label or its id. @throws ExpectedError NOT_FOUND */
export async function findAuthorization(database: Database, name: string): Promise<AuthorizationSummary> {
  const { rows } = await database.query<AuthorizationSummary>(
    `select ${summary} from authorizations where id = $1 or label = $1 order by (label = $1) desc limit 1`,
    [name],
  );
  return found(rows[0], name);
}

/** The whole authorization, secrets included. @throws ExpectedError NOT_FOUND; Error when the key is another */
export async function openAuthorization(
  database: Database,
  key: Key,
  id: string,
): Promise<{ readonly authorization: Authorization; readonly version: number }> {
  const { rows } = await database.query<AuthorizationSummary & { sealed_secrets: Buffer }>(
    `select ${summary}, sealed_secrets from authorizations where id = $1`,
    [id],
  );
  const row = rows[0];
  if (row === undefined)
    throw new ExpectedError('NOT_FOUND', `authorization: there is none with id "${id}".`);
  const secrets: unknown = JSON.parse(unseal(key, secretLabel(id), row.sealed_secrets).toString());
  const authorization = authorizationSchema.parse({
    kind: row.kind,
    label: row.label,
    description: row.description,
    ...row.settings,
    ...(secrets as object),
  });
  return { authorization, version: row.version };
}

/** @throws ExpectedError CONFLICT while a job uses it */
export async function removeAuthorization(database: Database, id: string): Promise<void> {
  try {
    await database.query('delete from authorizations where id = $1', [id]);
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === foreignKeyViolation)
      throw new ExpectedError('CONFLICT', 'authorization: a job uses it; remove the job first.');
    throw error;
  }
}
