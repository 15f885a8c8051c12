/**
 * `npm run sandbox -- files`: has a running sandbox generate event files, and says which. The options are the
 * settings of `POST /_sandbox/files`, and are checked there.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Generated } from './events/generate.ts';
import { readRunning } from './running-file.ts';

const usage = `npm run sandbox -- files [options]

Generates event files about the people in the sandbox's profile list, for its SFTP server to serve.

  --data FILE.sqlite   the running sandbox's data (default: data/sandbox.sqlite, that of npm start)
  --rows N             rows of all files together (default 10000)
  --seed N             the same seed, settings and people give the same rows (default 1)
  --days N             one file a type and day (default 1)
  --last-day DATE      the last of them (default: yesterday)
  --account ID         the account's id, with which the names begin (default 1234)
  --types A,B          CLICK,OPEN,…; all unless given
  --delimiter TEXT     default ","
  --list NAME          whose records the events are about (default CONTACTS_LIST)
  --made-up-people N   so many people who are in no list, in the place of the list's
  --packaging A,B      plain, or gzip, zip, pgp, pgp-armored, and with a + from the inside out, as zip+pgp;
                       files take turns (default plain)
  --public-key FILE    the PGP key, armored or binary
  --bad-rows N         how many of the rows cannot be read (default 0)
  --marker .ready      a file of this ending beside each says that it is whole
  --count .count       a file of this ending beside each has the number of its rows
  --folder NAME        below the served folder (default download)
  --json               what was made, as JSON
`;

export async function runFilesCommand(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { ...text, default: 'data/sandbox.sqlite' },
      ...{ rows: text, seed: text, days: text, 'last-day': text, account: text, types: text },
      ...{ delimiter: text, list: text, 'made-up-people': text, packaging: text, 'public-key': text },
      ...{ 'bad-rows': text, marker: text, count: text, folder: text },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const running = readRunning(values.data);
  if (running === undefined)
    throw new Error(`No sandbox runs on ${values.data}: start one, or name its data with --data`);
  const number = (given: string | undefined) => (given === undefined ? undefined : Number(given));
  const list = (given: string | undefined) => given?.split(',').map((item) => item.trim());
  const made = await ask(running.login, {
    rows: number(values.rows),
    seed: number(values.seed),
    days: number(values.days),
    lastDay: values['last-day'],
    accountId: values.account,
    types: list(values.types),
    delimiter: values.delimiter === '\\t' ? '\t' : values.delimiter,
    list: values.list,
    madeUpPeople: number(values['made-up-people']),
    packagings: list(values.packaging),
    publicKey: values['public-key'] === undefined ? undefined : readKey(values['public-key']),
    badRows: number(values['bad-rows']),
    marker: values.marker,
    count: values.count,
    folder: values.folder,
  });
  process.stdout.write(values.json ? `${JSON.stringify(made, undefined, 1)}\n` : inWords(made));
}

/** Armored as it is, binary as base64. */
function readKey(path: string): string {
  const content = readFileSync(path);
  return content.toString('latin1').trimStart().startsWith('-----BEGIN')
    ? content.toString('utf8')
    : content.toString('base64');
}

async function ask(login: string, request: object): Promise<Generated> {
  let response: Response;
  try {
    response = await fetch(`${login}/_sandbox/files`, { method: 'POST', body: JSON.stringify(request) });
  } catch (error) {
    throw new Error(`The sandbox at ${login} does not answer: does it still run?`, { cause: error });
  }
  const answer = (await response.json()) as Generated & { readonly error?: string };
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer;
}

function inWords({ files, folder, people, rows, badRows }: Generated): string {
  const bad = badRows === 0 ? '' : `, ${badRows} of them bad`;
  return [
    ...files.map((file) => `${String(file.rows).padStart(9)}  ${folder}/${file.name}`),
    `${String(rows).padStart(9)}  rows about ${people} people in ${files.length} files${bad}`,
    '',
  ].join('\n');
}
