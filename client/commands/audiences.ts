/**
 * `audiences`: let people enter and leave, look at who is where. Bringing a file in is audience-import.ts,
 * rules are audience-rules.ts and audience-filters.ts.
 */
import type { Command } from 'commander';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import { findAudience, readMembers, summariseAudiences } from '../../systems/store/audiences.ts';
import type { AudienceSummary } from '../../systems/store/audiences.ts';
import { recentImports } from '../../systems/store/imports.ts';
import { runs } from '../command.ts';
import type { Output } from '../output.ts';
import { openPeopleFile } from '../people/file.ts';
import type { LineOfFile } from '../people/file.ts';
import { changePeople } from '../people/membership.ts';
import type { MembershipChange } from '../people/membership.ts';
import { readPerson } from '../people/person.ts';
import { addFilterCommands } from './audience-filters.ts';
import { addImportCommand, formOf, showSetAside, withForm } from './audience-import.ts';
import type { FormOptions } from './audience-import.ts';
import { addRuleCommands, countOf, refuseRule, showPeople, unknownAudience } from './audience-rules.ts';

interface ShowOptions {
  members?: string;
  identifiers?: boolean;
}
interface PeopleOptions extends FormOptions {
  email?: string[];
  customerId?: string[];
  from?: string;
}

export function addAudienceCommands(program: Command): void {
  const audiences = program.command('audiences').description('audiences and their members');
  addImportCommand(audiences);
  addFilterCommands(audiences);
  addRuleCommands(audiences);

  runs(audiences.command('list').description('all audiences'), async ({ context, output }) => {
    const found = await summariseAudiences(await context.store());
    output.result(found);
    if (found.length === 0)
      output.line('There is no audience yet: lytics-responsys audiences import NAME FILE');
    else
      output.table(
        ['audience', 'kind', 'members', 'left', 'column', 'last change'],
        found.map((one) => [
          one.name,
          one.filter === null ? 'list' : 'rule',
          one.members,
          one.left,
          one.column,
          one.lastChangeAt?.toISOString() ?? '–',
        ]),
      );
  });

  runs<ShowOptions>(
    audiences
      .command('show')
      .argument('<name>')
      .option('--members <count>', 'show so many of its members')
      .option('--identifiers', 'with their identifiers; else by profile alone')
      .description('an audience, and the files that were brought in'),
    async ({ context, output, options }, name = '') => {
      const store = await context.store();
      const [found] = await summariseAudiences(store, name);
      if (found === undefined) throw unknownAudience(name);
      const imports = await recentImports(store, found.id);
      const count = membersAsked(options);
      const members =
        count === 0 ? [] : await readMembers(store, found.id, count, options.identifiers === true);
      output.result({ ...found, imports, ...(count === 0 ? {} : { people: members }) });
      showAudience(output, found);
      if (imports.length > 0)
        output.table(
          ['file', 'lines', 'people', 'set aside', 'ended'],
          imports.map((one) => [
            one.file,
            one.lines,
            one.taken,
            one.setAside,
            one.endedAt?.toISOString() ?? 'not yet, or broken off',
          ]),
        );
      if (members.length > 0)
        showPeople(output, members, {
          head: 'since',
          cell: (at) => members[at]?.changedAt.toISOString() ?? '',
        });
    },
  );

  for (const change of ['enter', 'exit'] as const) {
    const command = audiences
      .command(change)
      .argument('<name>', 'the audience')
      .option('--email <address...>', 'the people, by e-mail')
      .option('--customer-id <id...>', 'the people, by customer id')
      .option('--from <file>', 'a file of people: CSV with a header, or JSON lines')
      .description(change === 'enter' ? 'let people enter' : 'let people leave');
    runs<PeopleOptions>(withForm(command), async ({ context, output, options }, name = '') => {
      const store = await context.store();
      const audience = await findAudience(store, name);
      if (audience === undefined) throw unknownAudience(name);
      refuseRule(audience);
      const people = await peopleOf(options);
      const done = await changePeople(store, await context.hashKeys(), audience, change, people);
      output.result({ audience: name, ...done });
      showChange(output, change, done);
    });
  }
}

function membersAsked({ members, identifiers }: ShowOptions): number {
  if (members === undefined) return identifiers === true ? 20 : 0;
  return countOf('--members', members);
}

function showAudience(output: Output, found: AudienceSummary): void {
  output.line(
    `${found.name}: ${found.filter === null ? 'a list' : 'by rule'}, ${found.members.toLocaleString('en')} members, ${found.left.toLocaleString('en')} left; column ${found.column}`,
  );
  if (found.filter !== null) output.line(`\n${found.filter}\n`);
}

function showChange(output: Output, change: 'enter' | 'exit', done: MembershipChange): void {
  const alike = change === 'enter' ? 'in it before' : 'not in it';
  const rest = [
    done.alike > 0 ? `${done.alike} ${alike}` : '',
    done.unknown > 0 ? `${done.unknown} unknown to the store` : '',
    done.setAside > 0 ? `${done.setAside} lines set aside` : '',
  ].filter((part) => part !== '');
  output.line([`${done.changed} ${change === 'enter' ? 'entered' : 'left'}`, ...rest].join(', ') + '.');
  showSetAside(output, done);
  if (done.changed > 0)
    output.line(
      `${done.changed} change${done.changed === 1 ? '' : 's'} recorded; running exports hear of ${done.changed === 1 ? 'it' : 'them'} within seconds.`,
    );
}

/** @throws ExpectedError USAGE where nobody is named; INPUT_NOT_VALID for an address that is none */
async function peopleOf(options: PeopleOptions): Promise<AsyncIterable<LineOfFile> | Iterable<LineOfFile>> {
  const named = [
    ...(options.email ?? []).map((value) => ({ option: '--email', field: 'email', value })),
    ...(options.customerId ?? []).map((value) => ({ option: '--customer-id', field: 'customer_id', value })),
  ].map(({ option, field, value }) => {
    const person = readPerson({ [field]: value }, new Map());
    if ('reason' in person) throw notValid(option, person.reason);
    return { line: 0, person };
  });
  if (options.from === undefined && named.length > 0) return named;
  if (options.from === undefined)
    throw new ExpectedError('USAGE', 'Name people with --email ADDRESS, --customer-id ID or --from FILE.');
  if (named.length > 0)
    throw new ExpectedError('USAGE', 'Name people either one by one or with --from FILE, not both.');
  return (await openPeopleFile(options.from, formOf(options), new Map())).lines;
}
