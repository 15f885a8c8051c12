/**
 * `npm run sandbox -- files`: has a running sandbox generate event files, or write those of its outbox, and says
 * which. The options are the settings of `POST /_sandbox/files` and `POST /_sandbox/mail-files`, and are checked
 * there.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Generated } from './events/generate.ts';
import type { ToldMails } from './events/mails.ts';
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

npm run sandbox -- files --outbox [options]

Writes what became of the mails that were triggered since the last time: sent, skipped or failed, and by chance
bounced, opened and clicked. Takes --data, --seed, --account, --delimiter, --packaging, --public-key, --marker,
--count, --folder and --json as above, and in percent

  --failed N           of all that are not skipped (default 0)
  --bounced N          of those that are sent (default 2)
  --opened N           of those that arrive (default 50)
  --clicked N          of those that are opened (default 30)
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
      ...{ failed: text, bounced: text, opened: text, clicked: text },
      outbox: { type: 'boolean', default: false },
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
  const form = {
    seed: number(values.seed),
    accountId: values.account,
    delimiter: values.delimiter === '\\t' ? '\t' : values.delimiter,
    packagings: list(values.packaging),
    publicKey: values['public-key'] === undefined ? undefined : readKey(values['public-key']),
    marker: values.marker,
    count: values.count,
    folder: values.folder,
  };
  const generated = {
    rows: number(values.rows),
    days: number(values.days),
    lastDay: values['last-day'],
    types: list(values.types),
    list: values.list,
    madeUpPeople: number(values['made-up-people']),
    badRows: number(values['bad-rows']),
  };
  const chances = {
    failed: number(values.failed),
    bounced: number(values.bounced),
    opened: number(values.opened),
    clicked: number(values.clicked),
  };
  // What belongs to the other is passed on all the same: it is refused there by its name.
  const request = { ...form, ...generated, ...chances };
  const made = await ask(running.login, values.outbox ? 'mail-files' : 'files', request);
  process.stdout.write(values.json ? `${JSON.stringify(made, undefined, 1)}\n` : inWords(made));
}

/** Armored as it is, binary as base64. */
function readKey(path: string): string {
  const content = readFileSync(path);
  return content.toString('latin1').trimStart().startsWith('-----BEGIN')
    ? content.toString('utf8')
    : content.toString('base64');
}

async function ask(login: string, what: string, request: object): Promise<Generated | ToldMails> {
  let response: Response;
  try {
    response = await fetch(`${login}/_sandbox/${what}`, { method: 'POST', body: JSON.stringify(request) });
  } catch (error) {
    throw new Error(`The sandbox at ${login} does not answer: does it still run?`, { cause: error });
  }
  const answer = (await response.json()) as (Generated | ToldMails) & { readonly error?: string };
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer;
}

function inWords(made: Generated | ToldMails): string {
  const { files, folder, rows } = made;
  const about = 'mails' in made ? `${made.mails} mails` : `${made.people} people`;
  const bad = 'mails' in made || made.badRows === 0 ? '' : `, ${made.badRows} of them bad`;
  return [
    ...files.map((file) => `${String(file.rows).padStart(9)}  ${folder}/${file.name}`),
    `${String(rows).padStart(9)}  rows about ${about} in ${files.length} files${bad}`,
    '',
  ].join('\n');
}
