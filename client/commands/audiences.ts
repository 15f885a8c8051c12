/**
 * `audiences`: bring people in from a file, let single ones enter and leave, look at who is where.
 */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { Presets, SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import {
  changeMembership,
  ensureAudience,
  findAudience,
  summariseAudiences,
} from '../../systems/store/audiences.ts';
import type { Audience } from '../../systems/store/audiences.ts';
import { transaction } from '../../systems/store/database.ts';
import type { Pool } from '../../systems/store/database.ts';
import { findProfiles } from '../../systems/store/identities.ts';
import type { Identity } from '../../systems/store/identities.ts';
import { writeProfiles } from '../../systems/store/profiles.ts';
import { addUserFields } from '../../systems/store/user-fields.ts';
import { runs } from '../command.ts';
import type { Context } from '../context.ts';
import { openPeopleFile } from '../people/file.ts';
import { importPeople } from '../people/import.ts';
import { readPerson } from '../people/person.ts';

interface ImportOptions {
  delimiter: string;
  replace?: boolean;
  rejects?: string;
}
interface PeopleOptions {
  email?: string[];
  from?: string;
  delimiter: string;
}

export function addAudienceCommands(program: Command): void {
  const audiences = program.command('audiences').description('audiences and their members');

  runs<ImportOptions>(
    audiences
      .command('import')
      .argument('<name>', 'the audience; made where there is none')
      .argument('<file>', 'CSV with a header, or JSON lines')
      .option('--delimiter <character>', 'of a CSV file', ',')
      .option('--replace', 'those who are not in the file leave the audience')
      .option('--rejects <file>', 'write the lines that were set aside, with their reasons')
      .description('bring people in from a file'),
    async ({ context, output, options }, name = '', path = '') => {
      const store = await context.store();
      const hashKeys = await context.hashKeys();
      const delimiter = options.delimiter === '\\t' ? '\t' : options.delimiter;
      // Looked at before the audience is made: a file that cannot be read leaves no trace.
      await openPeopleFile(path, delimiter, new Map());
      const rejects =
        options.rejects === undefined ? undefined : createWriteStream(options.rejects, { mode: 0o600 });
      rejects?.write('line,reason\r\n');
      const bar = new SingleBar({ format: ' {bar} {percentage}%' }, Presets.shades_classic);
      const showBar = process.stdout.isTTY && !output.json;
      if (showBar) bar.start(1, 0);
      const imported = await importPeople(store, hashKeys, await ensureAudience(store, name), path, {
        delimiter,
        replace: options.replace === true,
        onSetAside: (line, reason) => void rejects?.write(`${line},"${reason.replaceAll('"', '""')}"\r\n`),
        onProgress: (bytes, of) => {
          if (!showBar) return;
          bar.setTotal(of);
          bar.update(bytes);
        },
      }).finally(() => {
        if (showBar) bar.stop();
      });
      if (rejects !== undefined) {
        rejects.end();
        await finished(rejects);
      }
      output.result({ audience: name, ...imported });
      output.line(
        `${name}: ${imported.lines.toLocaleString('en')} lines, ${imported.people.toLocaleString('en')} people, ` +
          `${imported.entered.toLocaleString('en')} entered${options.replace === true ? `, ${imported.left.toLocaleString('en')} left` : ''}, ` +
          `${imported.setAside.toLocaleString('en')} lines set aside.`,
      );
      for (const { line, reason } of imported.firstSetAside) output.line(`  line ${line}: ${reason}`);
      if (imported.setAside > imported.firstSetAside.length)
        output.line('  … all of them with --rejects FILE');
    },
  );

  runs(audiences.command('list').description('all audiences'), async ({ context, output }) => {
    const found = await summariseAudiences(await context.store());
    output.result(found);
    output.table(
      ['audience', 'members', 'left', 'column', 'last change'],
      found.map((one) => [
        one.name,
        one.members,
        one.left,
        one.column,
        one.lastChangeAt?.toISOString() ?? '–',
      ]),
    );
  });

  runs(
    audiences
      .command('show')
      .argument('<name>')
      .description('an audience, and the files that were brought in'),
    async ({ context, output }, name = '') => {
      const store = await context.store();
      const [found] = await summariseAudiences(store, name);
      if (found === undefined) throw unknownAudience(name);
      const imports = await recentImports(store, found.id);
      output.result({ ...found, imports });
      output.line(
        `${found.name}: ${found.members.toLocaleString('en')} members, ${found.left.toLocaleString('en')} left; column ${found.column}`,
      );
      if (imports.length > 0)
        output.table(
          ['file', 'lines', 'people', 'set aside', 'ended'],
          imports.map((one) => [
            one.file,
            one.lines,
            one.taken,
            one.setAside,
            one.endedAt?.toISOString() ?? 'not',
          ]),
        );
    },
  );

  for (const change of ['enter', 'exit'] as const) {
    runs<PeopleOptions>(
      audiences
        .command(change)
        .argument('<name>', 'the audience')
        .option('--email <address...>', 'the people')
        .option('--from <file>', 'a file of people: CSV with a header, or JSON lines')
        .option('--delimiter <character>', 'of a CSV file', ',')
        .description(change === 'enter' ? 'let people enter' : 'let people leave'),
      async ({ context, output, options }, name = '') => {
        const store = await context.store();
        const audience = await findAudience(store, name);
        if (audience === undefined) throw unknownAudience(name);
        const done = await changePeople(context, audience, change, options);
        output.result({ audience: name, ...done });
        output.line(
          `${done.changed} ${change === 'enter' ? 'entered' : 'left'}, ${done.alike} had before, ${done.unknown} unknown. ` +
            'Running exports hear of it within seconds.',
        );
      },
    );
  }
}

const unknownAudience = (name: string): ExpectedError =>
  new ExpectedError('NOT_FOUND', `audience: there is none called "${name}"; see "audiences list".`);

async function recentImports(store: Pool, audienceId: string) {
  const { rows } = await store.query<{
    file: string;
    lines: number;
    taken: number;
    setAside: number;
    endedAt: Date | null;
  }>(
    `select file_name as file, lines, taken, set_aside as "setAside", ended_at as "endedAt"
       from audience_imports where audience_id = $1 order by started_at desc limit 10`,
    [audienceId],
  );
  return rows;
}

/** Someone unknown who enters becomes a profile; someone unknown who leaves is only counted. */
async function changePeople(
  context: Context,
  audience: Audience,
  change: 'enter' | 'exit',
  options: PeopleOptions,
): Promise<{ changed: number; alike: number; unknown: number }> {
  const store = await context.store();
  const hashKeys = await context.hashKeys();
  const done = { changed: 0, alike: 0, unknown: 0 };
  for await (const identities of peopleOf(options)) {
    const changed = await transaction(store, async (database) => {
      let ids: string[];
      if (change === 'enter') {
        await addUserFields(database, new Map([['email', 'string' as const]]));
        const inputs = identities.map((identity) => ({
          identities: [identity],
          fields: { [identity.field]: identity.value },
        }));
        ids = (await writeProfiles(database, hashKeys, inputs)).map(({ profileId }) => profileId);
      } else {
        ids = (await findProfiles(database, hashKeys, identities)).filter((id) => id !== undefined);
      }
      done.unknown += identities.length - ids.length;
      const moved = await changeMembership(database, audience.id, ids, change);
      done.alike += ids.length - moved.length;
      return moved.length;
    });
    done.changed += changed;
  }
  return done;
}

async function* peopleOf(options: PeopleOptions): AsyncGenerator<readonly Identity[]> {
  const emails = options.email ?? [];
  if (emails.length === 0 && options.from === undefined)
    throw new ExpectedError('USAGE', 'Name people with --email ADDRESS or --from FILE.');
  const named = emails.flatMap((email): readonly Identity[] => {
    const person = readPerson({ email }, new Map());
    if ('reason' in person) throw notValid('--email', person.reason);
    return person.profile.identities;
  });
  if (named.length > 0) yield named;
  if (options.from === undefined) return;
  const chunk: Identity[] = [];
  for await (const { line, person } of (await openPeopleFile(options.from, options.delimiter, new Map()))
    .lines) {
    if ('reason' in person) throw notValid(`${options.from}, line ${line}`, person.reason);
    const [identity] = person.profile.identities;
    if (identity !== undefined) chunk.push(identity);
    if (chunk.length >= 500) yield chunk.splice(0);
  }
  if (chunk.length > 0) yield chunk;
}
