/** `audiences create`, `size`, `sample`, `reevaluate`: audiences whose members are those who match a filter. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import { findAudience, readMembers, summariseAudiences } from '../../systems/store/audiences.ts';
import type { Audience } from '../../systems/store/audiences.ts';
import { saveRule, tryRule } from '../../systems/store/audience-rules.ts';
import type { Pool } from '../../systems/store/database.ts';
import { evaluateEverybody } from '../../systems/store/evaluation.ts';
import type { Evaluated } from '../../systems/store/evaluation.ts';
import { readNamedRule, readRuleFile } from '../audiences/rule-file.ts';
import { runs } from '../command.ts';
import type { Output } from '../output.ts';

interface SampleOptions {
  limit: string;
  identifiers?: boolean;
}

/** @param audiences the command `audiences` */
export function addRuleCommands(audiences: Command): void {
  runs<{ name?: string }>(
    audiences
      .command('create')
      .argument('<file>', 'YAML with name and filter, or FilterQL whose ALIAS is the name')
      .option('--name <name>', 'of the audience, in the place of that in the file')
      .description(
        'an audience by rule; the same file again changes nothing, a changed filter moves its members',
      ),
    async ({ context, output, options }, path = '') => {
      const store = await context.store();
      const { name, filter } = await readNamedRule(path, options.name);
      const { audience, outcome, owed, remarks } = await saveRule(store, name, filter);
      const evaluated = await evaluateAll(store, owed);
      output.result({ audience: name, column: audience.column, outcome, remarks, evaluated });
      output.line(`${name}: ${outcome === 'new' ? `made, by rule; column ${audience.column}` : outcome}.`);
      for (const remark of remarks) output.line(`- ${remark}`);
      showEvaluated(output, evaluated);
    },
  );

  runs<{ name?: string }>(
    audiences
      .command('size')
      .argument('<name or file>', 'an audience, or a rule’s file')
      .description('how many belong to an audience, or would by a rule'),
    async ({ context, output }, given = '') => {
      const store = await context.store();
      const found = await audienceOrRule(store, given);
      const members =
        'filter' in found
          ? (await tryRule(store, found.filter, { count: 0, withIdentifiers: false })).members
          : ((await summariseAudiences(store, found.audience.name))[0]?.members ?? 0);
      output.result({ members });
      output.line(`${members.toLocaleString('en')} ${'filter' in found ? 'would belong' : 'members'}.`);
    },
  );

  runs<SampleOptions>(
    audiences
      .command('sample')
      .argument('<name or file>', 'an audience, or a rule’s file')
      .option('--limit <count>', 'at most so many', '20')
      .option('--identifiers', 'with their identifiers; else by profile alone')
      .description('some who belong to an audience, or would by a rule'),
    async ({ context, output, options }, given = '') => {
      const store = await context.store();
      const found = await audienceOrRule(store, given);
      const count = countOf('--limit', options.limit);
      const withIdentifiers = options.identifiers === true;
      const people =
        'filter' in found
          ? (await tryRule(store, found.filter, { count, withIdentifiers })).sample
          : await readMembers(store, found.audience.id, count, withIdentifiers);
      const sample = people.map(({ profileId, identifiers }) => ({ profileId, identifiers }));
      output.result(sample);
      if (sample.length === 0) output.line('Nobody.');
      else showPeople(output, sample);
    },
  );

  runs(
    audiences
      .command('reevaluate')
      .argument('[name]', 'an audience by rule; all without one')
      .description('looks at everybody once more, and says who entered and left'),
    async ({ context, output }, name) => {
      const store = await context.store();
      const found = (await summariseAudiences(store, name)).filter(({ filter }) => filter !== null);
      if (name !== undefined && found.length === 0) {
        if ((await findAudience(store, name)) === undefined) throw unknownAudience(name);
        throw new ExpectedError('NOT_NOW', `audience: "${name}" is a list; only rules are evaluated.`);
      }
      const evaluated = await evaluateAll(store, found);
      output.result(evaluated);
      if (evaluated.length === 0) output.line('There is no audience by rule.');
      else showEvaluated(output, evaluated);
    },
  );
}

export const unknownAudience = (name: string): ExpectedError =>
  new ExpectedError('NOT_FOUND', `audience: there is none called "${name}"; see "audiences list".`);

/** @throws ExpectedError CONFLICT for an audience by rule, into which nobody is let by hand */
export function refuseRule({ name, filter }: Audience): void {
  if (filter !== null)
    throw new ExpectedError(
      'CONFLICT',
      `audience: "${name}" is a rule; who belongs to it follows from profiles. Change those, or its filter with "audiences create".`,
    );
}

/** @throws ExpectedError INPUT_NOT_VALID */
export function countOf(option: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 10_000) return count;
  throw notValid(option, `"${text}": expected a number from 1 to 10000`);
}

/** People as rows: profile, identifiers, and what else is given. */
export function showPeople(
  output: Output,
  people: readonly { readonly profileId: string; readonly identifiers: Readonly<Record<string, string>> }[],
  more?: { readonly head: string; readonly cell: (at: number) => string },
): void {
  const fields = [...new Set(people.flatMap(({ identifiers }) => Object.keys(identifiers)))];
  output.table(
    ['profile', ...fields, ...(more === undefined ? [] : [more.head])],
    people.map(({ profileId, identifiers }, at) => [
      profileId,
      ...fields.map((field) => identifiers[field] ?? ''),
      ...(more === undefined ? [] : [more.cell(at)]),
    ]),
  );
}

async function audienceOrRule(
  store: Pool,
  given: string,
): Promise<{ readonly audience: Audience } | { readonly filter: string }> {
  const audience = await findAudience(store, given);
  if (audience !== undefined) return { audience };
  if (existsSync(given)) return { filter: (await readRuleFile(given)).filter };
  throw new ExpectedError(
    'NOT_FOUND',
    `audience: there is none called "${given}", and no file of that name; see "audiences list".`,
  );
}

type EvaluatedAudience = Evaluated & { readonly audience: string };

async function evaluateAll(
  store: Pool,
  audiences: readonly { readonly id: string; readonly name: string }[],
): Promise<readonly EvaluatedAudience[]> {
  if (audiences.length === 0) return [];
  const counts = await evaluateEverybody(
    store,
    audiences.map(({ id }) => id),
  );
  return audiences.map(({ id, name }) => ({
    audience: name,
    ...(counts.get(id) ?? { entered: 0, left: 0 }),
  }));
}

function showEvaluated(output: Output, evaluated: readonly EvaluatedAudience[]): void {
  for (const { audience, entered, left } of evaluated)
    output.line(`${audience}: ${entered.toLocaleString('en')} entered, ${left.toLocaleString('en')} left.`);
}
