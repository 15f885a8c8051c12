/**
 * Asks for an authorization field by field, in the specification's order and words. Secrets are not echoed;
 * those of several lines are read from a file.
 */
import { isUtf8 } from 'node:buffer';
import { access, constants, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { input, password, select } from '@inquirer/prompts';
import { authorizationFields, authorizationKinds, kindTitles } from '../../jobs/authorization.ts';
import type { AuthorizationField, AuthorizationKind } from '../../jobs/authorization.ts';
import { ExpectedError, notValid } from '../../jobs/errors.ts';

/** The kind that was named, or else chosen. @throws ExpectedError INPUT_NOT_VALID */
export async function chooseKind(given: string | undefined): Promise<AuthorizationKind> {
  const kind = authorizationKinds.find((one) => one === given);
  if (kind !== undefined) return kind;
  if (given !== undefined)
    throw notValid('kind', `"${given}" is none; one of ${authorizationKinds.join(', ')}`);
  atTerminal();
  return select({
    message: 'Method for authorization',
    choices: authorizationKinds.map((value) => ({ value, name: kindTitles[value] })),
  });
}

/**
 * Asks for each field. Where a secret is present and left blank, it is not in the result.
 * @param accounts of which there are event files: whose the login is is asked only where there are several
 */
export async function ask(
  kind: AuthorizationKind,
  present: Readonly<Record<string, unknown>>,
  accounts: readonly string[],
): Promise<Record<string, unknown>> {
  atTerminal();
  const fields: Record<string, unknown> = { kind };
  for (const field of authorizationFields[kind].filter(({ unasked }) => unasked !== true)) {
    const value = await askFor(field, present[field.name]);
    if (value !== '') fields[field.name] = value;
  }
  if (kind === 'responsys-interact' && accounts.length > 1)
    fields['accountId'] = await select({
      message:
        'Account Id (optional) – the one that this user logs in to, by the event files that were found',
      choices: [...accounts.map((value) => ({ value })), { value: '', name: 'not known' }],
      default: typeof present['accountId'] === 'string' ? present['accountId'] : '',
    });
  return fields;
}

async function askFor(field: AuthorizationField, present: unknown): Promise<string> {
  const message = `${field.title}${field.required ? '' : ' (optional)'}${field.hint === undefined ? '' : ` – ${field.hint}`}`;
  const needed = (value: string): true | string =>
    value !== '' || present !== undefined || !field.required || `${field.title} is required`;
  if (field.multiline === true) {
    const path = await input({
      message: `${message}, path of the file`,
      validate: async (value) => (value === '' ? needed(value) : isReadable(value)),
    });
    return path === '' ? '' : textOf(await readFile(fromHome(path)));
  }
  if (field.secret) return password({ message, validate: needed });
  const fallback = field.name === 'port' ? '22' : undefined;
  const shown = typeof present === 'string' || typeof present === 'number' ? String(present) : fallback;
  return input({ message, validate: needed, ...(shown === undefined ? {} : { default: shown }) });
}

/** A PGP key may be binary: it is kept in base64, since a field is text. */
const textOf = (content: Buffer): string =>
  isUtf8(content) ? content.toString() : content.toString('base64');

const fromHome = (path: string): string => path.replace(/^~(?=\/)/, homedir());

async function isReadable(path: string): Promise<true | string> {
  try {
    await access(fromHome(path), constants.R_OK);
    return true;
  } catch {
    return 'There is no such file, or it cannot be read';
  }
}

/** @param instead what to do without a terminal. @throws ExpectedError USAGE where there is nobody to ask */
export function atTerminal(instead = 'give the fields with --from-file FILE or --from-env'): void {
  if (!process.stdin.isTTY) throw new ExpectedError('USAGE', `There is no terminal to ask at: ${instead}.`);
}
