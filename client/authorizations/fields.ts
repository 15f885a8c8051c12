/**
 * The fields of an authorization as a script gives them, checked; faults are told in the specification's words.
 */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { parse } from 'yaml';
import { authorizationFields, authorizationKinds, authorizationSchema } from '../../jobs/authorization.ts';
import type { Authorization } from '../../jobs/authorization.ts';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import { authorizationVariable, readAuthorizationFields } from '../../systems/environment.ts';
import { normaliseEndpointUri } from '../../systems/responsys/index.ts';

/** The fields of a file, or of standard input. @throws ExpectedError INPUT_NOT_VALID */
export async function readFields(path: string, kind: string | undefined): Promise<Record<string, unknown>> {
  let content: string;
  try {
    content = path === '-' ? await readAll(process.stdin) : await readFile(path, 'utf8');
  } catch {
    throw notValid('--from-file', `${path} cannot be read`);
  }
  let fields: unknown;
  try {
    fields = parse(content);
  } catch {
    throw notValid('--from-file', `${path} is neither YAML nor JSON`);
  }
  if (typeof fields !== 'object' || fields === null) throw notValid('--from-file', `${path} has no fields`);
  return { ...(kind === undefined ? {} : { kind }), ...fields };
}

/** The fields of the environment. @throws ExpectedError INPUT_NOT_VALID where there is none */
export function fieldsOfEnvironment(kind: string | undefined): Record<string, unknown> {
  const fields = readAuthorizationFields();
  if (Object.keys(fields).length === 0)
    throw notValid(
      '--from-env',
      `no variable gives a field; expected some such as ${authorizationVariable('label')}, ${authorizationVariable('endpointUri')}`,
    );
  return { ...(kind === undefined ? {} : { kind }), ...fields };
}

/**
 * A whole authorization of these fields; a port that is not said is 22.
 * @throws ExpectedError INPUT_NOT_VALID that names each field that is wrong, by its title
 */
export function checkAuthorization(
  fields: Readonly<Record<string, unknown>>,
  allowHosts: readonly string[],
): Authorization {
  const isSftp = fields['kind'] === 'responsys-sftp' || fields['kind'] === 'responsys-sftp-with-pgp';
  const parsed = authorizationSchema.safeParse(isSftp ? { port: 22, ...fields } : fields);
  if (!parsed.success) {
    const kind = authorizationKinds.find((one) => one === fields['kind']);
    const titles = new Map(
      (kind === undefined ? [] : authorizationFields[kind]).map((field) => [field.name, field.title]),
    );
    const faults = parsed.error.issues.map((issue) => {
      const name = String(issue.path[0] ?? 'kind');
      const missing = fields[name] === undefined && name !== 'kind' && issue.code !== 'unrecognized_keys';
      if (name === 'kind' && issue.path.length > 0)
        return `kind: one of ${authorizationKinds.join(', ')} is needed`;
      return `${titles.get(name) ?? name}: ${missing ? 'is required' : issue.message}`;
    });
    throw new ExpectedError('INPUT_NOT_VALID', faults.join('\n'));
  }
  if (parsed.data.kind === 'responsys-interact') normaliseEndpointUri(parsed.data.endpointUri, allowHosts);
  return parsed.data;
}
