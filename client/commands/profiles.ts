/**
 * `profiles`: what the store knows of one person. Prints personal data on purpose, to the one who asked.
 */
import type { Command } from 'commander';
import { withCampaigns } from '../../activities/importing/campaign-names.ts';
import { eventsOfPerson } from '../../activities/importing/person-events.ts';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import type { Database } from '../../systems/store/database.ts';
import { findProfiles, normaliseIdentity } from '../../systems/store/identities.ts';
import type { HashKeys, Identity } from '../../systems/store/identities.ts';
import { knownAccounts, readStoredPerson } from '../../systems/store/person.ts';
import { runs } from '../command.ts';
import { showPerson } from '../people/show-person.ts';

interface ShowOptions {
  readonly email?: string;
  readonly riid?: string;
  readonly account?: string;
  readonly events: string;
}

const mostEvents = 100_000;

export function addProfileCommands(program: Command): void {
  const profiles = program.command('profiles').description('what is known of a person');
  runs<ShowOptions>(
    profiles
      .command('show')
      .option('--email <address>', 'the person, by e-mail')
      .option('--riid <riid>', 'the person, by the id of their list record')
      .option('--account <id>', 'of which account the RIID is; needed where several have it')
      .option('--events <number>', 'how many events, the latest first', '20')
      .description('a person’s fields, memberships, sends, and events with file and line'),
    async ({ context, output, options }) => {
      const limit = Number(options.events);
      if (!Number.isInteger(limit) || limit < 1 || limit > mostEvents)
        throw notValid('--events', `"${options.events}" is no number from 1 to ${mostEvents}`);
      const store = await context.store();
      const hashKeys = await context.hashKeys();
      const { profileId, identity } = await findPerson(store, hashKeys, options);
      const person = await readStoredPerson(store, profileId);
      const { total, latest } = await eventsOfPerson(
        store,
        hashKeys,
        profileId,
        [identity, ...identitiesIn(person.fields), ...person.sends.flatMap(({ riid }) => riidOf(riid))],
        limit,
      );
      const events = { total, latest: await withCampaigns(store, latest) };
      output.result({
        ...person,
        events: {
          total,
          latest: events.latest.map(({ file, line, at, event, accountId, campaign, columns, values }) => ({
            at,
            event,
            accountId,
            campaign,
            file,
            line,
            row: Object.fromEntries(columns.map((name, index) => [name.toLowerCase(), values[index] ?? ''])),
          })),
        },
      });
      showPerson(output, person, events);
    },
  );
}

interface Found {
  readonly profileId: string;
  /** By which they were found. */
  readonly identity: Identity;
}

/** @throws ExpectedError USAGE, INPUT_NOT_VALID, NOT_FOUND, CONFLICT */
async function findPerson(store: Database, hashKeys: HashKeys, options: ShowOptions): Promise<Found> {
  const { email, riid, account } = options;
  if ((email === undefined) === (riid === undefined))
    throw new ExpectedError('USAGE', 'Name the person with either --email ADDRESS or --riid RIID.');
  if (account !== undefined && riid === undefined)
    throw new ExpectedError('USAGE', '--account says of which account a --riid is; an e-mail has none.');
  const [field, option, text] =
    email === undefined
      ? (['rs_user_id', '--riid', riid ?? ''] as const)
      : (['email', '--email', email] as const);
  const value = normaliseIdentity(field, text);
  if (value === undefined) throw notValid(option, `"${text}" stands for nobody`);
  if (field === 'email') {
    const identity = { field, value };
    const [profileId] = await findProfiles(store, hashKeys, [identity]);
    if (profileId !== undefined) return { profileId, identity };
    throw new ExpectedError('NOT_FOUND', '--email: the store knows nobody of this address.');
  }
  const accounts = account === undefined ? await knownAccounts(store) : [account];
  // As a file of people gives it, a RIID has no account.
  const candidates = [
    ...accounts.map((id) => `${id}/${value}`),
    ...(account === undefined ? [value] : []),
  ].map((one): Identity => ({ field, value: one }));
  const profiles = await findProfiles(store, hashKeys, candidates);
  const found = candidates.flatMap((identity, index): Found[] => {
    const profileId = profiles[index];
    return profileId === undefined ? [] : [{ profileId, identity }];
  });
  const [first] = found;
  const where = account === undefined ? '' : ` in the account ${account}`;
  if (first === undefined)
    throw new ExpectedError('NOT_FOUND', `--riid: the store knows nobody of this RIID${where}.`);
  if (found.some(({ profileId }) => profileId !== first.profileId)) {
    const having = found.map(({ identity }) => /^(.*)\//.exec(identity.value)?.[1] ?? 'none');
    throw new ExpectedError(
      'CONFLICT',
      `--riid: it is another person in each of the accounts ${having.join(', ')}; say which with --account.`,
    );
  }
  return first;
}

/** What their fields say in clear, by which events can be found. */
const identitiesIn = (fields: Readonly<Record<string, unknown>>): readonly Identity[] => [
  ...(typeof fields['email'] === 'string' ? [{ field: 'email', value: fields['email'] } as const] : []),
  ...riidOf(fields['rs_user_id']),
];

const riidOf = (riid: unknown): readonly Identity[] =>
  typeof riid === 'string' ? [{ field: 'rs_user_id', value: riid }] : [];
