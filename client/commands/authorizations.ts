/**
 * `authorizations`: the logins that jobs use, asked for in the specification's order and words.
 */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { confirm, input, password, select } from '@inquirer/prompts';
import type { Command } from 'commander';
import { parse } from 'yaml';
import {
  authorizationFields,
  authorizationKinds,
  authorizationSchema,
  kindTitles,
} from '../../jobs/authorization.ts';
import type { Authorization, AuthorizationField, AuthorizationKind } from '../../jobs/authorization.ts';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import { callsPerMinute, connectResponsys, normaliseEndpointUri } from '../../systems/responsys/index.ts';
import {
  addAuthorization,
  findAuthorization,
  listAuthorizations,
  openAuthorization,
  removeAuthorization,
  updateAuthorization,
} from '../../systems/store/authorizations.ts';
import { responsysFailure } from '../responsys-failure.ts';
import { runs } from '../command.ts';
import type { Context } from '../context.ts';

interface FileOption {
  fromFile?: string;
}

export function addAuthorizationCommands(program: Command): void {
  const authorizations = program.command('authorizations').description('the logins that jobs use');

  runs<FileOption>(
    authorizations
      .command('add')
      .argument('[kind]', authorizationKinds.join(', '))
      .option('--from-file <file>', 'read the fields from YAML or JSON; - for standard input')
      .description('add one, asked for field by field'),
    async ({ context, output, options }, kind) => {
      const fields =
        options.fromFile === undefined
          ? await ask(await chooseKind(kind), {})
          : await readFields(options.fromFile, kind);
      const added = await addAuthorization(
        await context.store(),
        context.key(),
        check(fields, context.allowHosts),
      );
      output.result(added);
      output.line(
        `Added ${added.label} (${kindTitles[added.kind]}). Try it: lytics-responsys authorizations test "${added.label}"`,
      );
    },
  );

  runs(authorizations.command('list').description('all authorizations'), async ({ context, output }) => {
    const found = await listAuthorizations(await context.store());
    output.result(found);
    output.table(
      ['label', 'kind', 'description', 'updated'],
      found.map((one) => [one.label, kindTitles[one.kind], one.description, one.updatedAt.toISOString()]),
    );
  });

  runs(
    authorizations.command('show').argument('<label>').description('its fields; secrets are not shown'),
    async ({ context, output }, label = '') => {
      const found = await findAuthorization(await context.store(), label);
      output.result(found);
      const shown = { label: found.label, description: found.description, ...found.settings } as Readonly<
        Record<string, string | number>
      >;
      output.table(
        [kindTitles[found.kind], ''],
        authorizationFields[found.kind].map((field) => [
          field.title,
          field.secret ? '(set)' : String(shown[field.name] ?? ''),
        ]),
      );
    },
  );

  runs(
    authorizations.command('test').argument('<label>').description('log in, and say what was found'),
    async ({ context, output }, label = '') => {
      const store = await context.store();
      const { id } = await findAuthorization(store, label);
      const { authorization } = await openAuthorization(store, context.key(), id);
      const found = await testLogin(authorization, context);
      output.result(found);
      output.table(['', ''], Object.entries(found));
    },
  );

  runs<FileOption>(
    authorizations
      .command('update')
      .argument('<label>')
      .option('--from-file <file>', 'only the fields that change, in YAML or JSON; - for standard input')
      .description('change its fields; secrets that are left blank stay'),
    async ({ context, output, options }, label = '') => {
      const store = await context.store();
      const { id } = await findAuthorization(store, label);
      const { authorization } = await openAuthorization(store, context.key(), id);
      const changes =
        options.fromFile === undefined
          ? await ask(authorization.kind, authorization)
          : await readFields(options.fromFile, authorization.kind);
      const updated = await updateAuthorization(
        store,
        context.key(),
        id,
        check({ ...authorization, ...changes }, context.allowHosts),
      );
      output.result(updated);
      output.line(`Updated ${updated.label}. Jobs that wait for it go on with "jobs resume".`);
    },
  );

  runs<{ yes?: boolean }>(
    authorizations
      .command('remove')
      .argument('<label>')
      .option('--yes', 'without asking')
      .description('remove one that no job uses'),
    async ({ context, output, options }, label = '') => {
      const store = await context.store();
      const { id } = await findAuthorization(store, label);
      if (options.yes !== true && !(await confirm({ message: `Remove ${label}?`, default: false }))) return;
      await removeAuthorization(store, id);
      output.result({ removed: label });
      output.line(`Removed ${label}.`);
    },
  );
}

async function chooseKind(given: string | undefined): Promise<AuthorizationKind> {
  const kind = authorizationKinds.find((one) => one === given);
  if (kind !== undefined) return kind;
  if (given !== undefined)
    throw notValid('kind', `"${given}" is none; one of ${authorizationKinds.join(', ')}`);
  return select({
    message: 'Method for authorization',
    choices: authorizationKinds.map((value) => ({ value, name: kindTitles[value] })),
  });
}

/** Asks for each field. Where a secret is present and left blank, it is not in the result. */
async function ask(
  kind: AuthorizationKind,
  present: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const fields: Record<string, unknown> = { kind };
  for (const field of authorizationFields[kind]) {
    const value = await askFor(field, present[field.name]);
    if (value !== '') fields[field.name] = value;
  }
  return fields;
}

async function askFor(field: AuthorizationField, present: unknown): Promise<string> {
  const message = `${field.title}${field.required ? '' : ' (optional)'}${field.hint === undefined ? '' : ` – ${field.hint}`}`;
  const needed = (value: string): true | string =>
    value !== '' || present !== undefined || !field.required || `${field.title} is required`;
  if (field.multiline === true) {
    const path = await input({ message: `${message}, path of the file`, validate: needed });
    return path === '' ? '' : readFile(path, 'utf8');
  }
  if (field.secret) return password({ message, validate: needed });
  const fallback = field.name === 'port' ? '22' : undefined;
  const shown = typeof present === 'string' || typeof present === 'number' ? String(present) : fallback;
  return input({ message, validate: needed, ...(shown === undefined ? {} : { default: shown }) });
}

async function readFields(path: string, kind: string | undefined): Promise<Record<string, unknown>> {
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

/** @throws ExpectedError that names each field that is wrong, by its title */
function check(fields: Readonly<Record<string, unknown>>, allowHosts: readonly string[]): Authorization {
  const parsed = authorizationSchema.safeParse(fields);
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

async function testLogin(
  authorization: Authorization,
  context: Context,
): Promise<Record<string, string | number>> {
  if (authorization.kind !== 'responsys-interact')
    throw new ExpectedError(
      'NOT_NOW',
      'Testing an SFTP authorization is not there yet; it is stored, and its secrets are sealed.',
    );
  const responsys = connectResponsys({
    login: authorization,
    allowHosts: context.allowHosts,
    governor: callsPerMinute({}),
    log: () => undefined,
  });
  try {
    const { endPoint } = await responsys.logIn();
    const { accountName } = await responsys.user();
    const lists = await responsys.lists();
    const limits = await responsys.rateLimits();
    const merges = limits.find((limit) => /merge list/i.test(limit.api));
    return {
      account: accountName,
      'API host': endPoint,
      lists: lists.map((list) => list.name).join(', '),
      'list merges a minute': merges?.limit ?? 'not said',
    };
  } catch (error) {
    throw responsysFailure(error);
  }
}
