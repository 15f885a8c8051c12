/**
 * `audiences check` and `audiences test`: what a rule means, before it decides who belongs. Both evaluate by
 * the SQL that decides memberships, on rows that are parameters; nothing is written.
 */
import type { Command } from 'commander';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import type { Kind } from '../../jobs/user-fields.ts';
import { compileFilter } from '../../lql/filter/compile.ts';
import { readRules } from '../../systems/store/rules.ts';
import { readUserFields } from '../../systems/store/user-fields.ts';
import { readRuleFile } from '../audiences/rule-file.ts';
import { runs } from '../command.ts';
import type { Output } from '../output.ts';
import { readTrial, runTrial } from '../filters/trial.ts';
import type { TrialResult } from '../filters/trial.ts';
import { readText } from '../job-file.ts';
import { answerLines } from '../standard-input.ts';

interface TestOptions {
  row?: string;
  now?: string;
  include?: string[];
}

/** @param audiences the command `audiences` */
export function addFilterCommands(audiences: Command): void {
  runs<{ include?: string[] }>(
    audiences
      .command('check')
      .argument('<file>', 'a rule: FilterQL, or YAML with name and filter')
      .option('--include <name=file...>', 'rules that it includes, besides the audiences that are there')
      .description('what is wrong in a rule, the fields that it reads, and whether it depends on time'),
    async ({ context, output, options }, file = '') => {
      const { filter: text } = await readRuleFile(file);
      const includes = await readIncludes(options.include ?? []);
      const store = await context.store();
      const kinds = await readUserFields(store);
      const stored = (await readRules(store)).context;
      const filter = compileFilter(text, {
        ...stored,
        includes: (name) => includes[name] ?? stored.includes(name),
      });
      const fields = [...filter.fields.keys()].map((name) => ({ name, kind: kinds.get(name) ?? null }));
      output.result({ fields, isTimed: filter.isTimed, remarks: filter.remarks });
      showCheck(output, fields, filter.isTimed, filter.remarks);
    },
  );

  runs<TestOptions>(
    audiences
      .command('test')
      .argument('[filter]', 'FilterQL; without it, JSON lines come from standard input')
      .option('--row <json>', 'the fields of somebody')
      .option('--now <time>', 'the time, in ISO 8601, in the place of the present')
      .option('--include <name=file...>', 'rules that it includes')
      .description('evaluates a rule on a row: does somebody with these fields belong?'),
    async ({ context, output, options }, filter) => {
      const store = await context.store();
      if (filter === undefined) {
        refuseOptions(options);
        await answerLines((line, number) => runTrial(store, readTrial(line, `line ${number}`)));
        return;
      }
      if (options.row === undefined)
        throw new ExpectedError('USAGE', 'Name the fields with --row, such as --row \'{"visits": 5}\'.');
      const includes = await readIncludes(options.include ?? []);
      const { row, now } = options;
      const line = JSON.stringify({ filter, row: jsonOf(row), now, includes });
      const result = await runTrial(store, readTrial(line, 'test'));
      output.result(result);
      output.line(sentenceOf(result));
    },
  );
}

function refuseOptions({ row, now, include }: TestOptions): void {
  if (row !== undefined || now !== undefined || include !== undefined)
    throw new ExpectedError(
      'USAGE',
      'Name the filter; on standard input, each line has its own row, now and includes.',
    );
}

function jsonOf(row: string): unknown {
  try {
    return JSON.parse(row);
  } catch {
    throw notValid('--row', 'is not JSON; expected an object of fields');
  }
}

async function readIncludes(given: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const read = given.map(async (one) => {
    const at = one.indexOf('=');
    if (at <= 0) throw notValid('--include', `"${one}": expected NAME=FILE`);
    return [one.slice(0, at), await readText(one.slice(at + 1))] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

function sentenceOf({ ok, matched, message }: TrialResult): string {
  if (ok) return matched === true ? 'It matches: a member.' : 'It does not match: no member.';
  return `${message ?? 'It cannot be evaluated.'}\nNo member.`;
}

function showCheck(
  output: Output,
  fields: readonly { readonly name: string; readonly kind: Kind | null }[],
  isTimed: boolean,
  remarks: readonly string[],
): void {
  if (fields.length === 0) output.line('It reads no field.');
  else
    output.table(
      ['field', 'kind'],
      fields.map(({ name, kind }) => [name, kind ?? 'there is no such field']),
    );
  output.line(
    isTimed ? 'It depends on time: members come and go by the clock alone.' : 'It does not depend on time.',
  );
  for (const remark of remarks) output.line(`- ${remark}`);
}
