/**
 * A rule's file: YAML (`.yaml`, `.yml`) with `name` and `filter`, or FilterQL as it is, whose ALIAS is the name.
 */
import { z } from 'zod';
import { notValid } from '../../jobs/errors.ts';
import { parseFilter } from '../../lql/filter/parser.ts';
import { checkFile, parseFile, readText } from '../job-file.ts';

export interface RuleFile {
  readonly name: string | undefined;
  readonly filter: string;
}

const schema = z.strictObject({
  name: z.string().trim().min(1, 'the audience needs one'),
  filter: z.string('expected a filter in FilterQL, such as "FILTER visits > 5"').trim(),
});

/** @throws ExpectedError INPUT_NOT_VALID */
export async function readRuleFile(path: string): Promise<RuleFile> {
  if (/\.ya?ml$/i.test(path)) return checkFile(path, await parseFile(path), schema);
  const filter = (await readText(path)).trim();
  return { name: parseFilter(filter).alias, filter };
}

/** @throws ExpectedError INPUT_NOT_VALID also where neither the file nor the command names the audience */
export async function readNamedRule(
  path: string,
  name: string | undefined,
): Promise<{ readonly name: string; readonly filter: string }> {
  const { name: own, filter } = await readRuleFile(path);
  const found = name?.trim() ?? own;
  if (found === undefined || found === '')
    throw notValid(path, 'names no audience; expected ALIAS and a name at its end, or --name NAME');
  return { name: found, filter };
}
