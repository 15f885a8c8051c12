/**
 * `mapping`: whether a mapping can be read, and what it makes of rows. Needs neither the store nor a server.
 */
import type { Command } from 'commander';
import { z } from 'zod';
import { readMapping } from '../../activities/importing/lql-mapping.ts';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import { defaultMappingText } from '../../lql/default-mapping.ts';
import { evaluateExpression } from '../../lql/mapping/evaluate.ts';
import type { Mapping } from '../../lql/mapping/mapping.ts';
import { momentOf } from '../../lql/time-text.ts';
import type { Row } from '../../lql/values.ts';
import { runs } from '../command.ts';
import { readText } from '../job-file.ts';
import { answerLines } from '../standard-input.ts';

const row = z.record(z.string(), z.unknown());
const request = z.strictObject({ expr: z.string(), fields: row, ts: z.string().optional() });

interface RowOptions {
  readonly row?: string;
  readonly rowFile?: string;
  readonly field?: readonly string[];
}
interface TestOptions extends RowOptions {
  readonly expr?: string;
  readonly mapping?: string;
  readonly ts?: string;
}

export function addMappingCommands(program: Command): void {
  const mappings = program.command('mapping').description('read and try mappings in LQL');

  runs(
    mappings
      .command('check')
      .argument('<file>', 'a mapping in LQL')
      .description('whether a mapping can be read, and which user fields it makes'),
    async ({ output }, file = '') => {
      const { stream, fields } = readMapping(await readText(file));
      output.result({ stream, fields });
      output.line(`${file}: rows of ${stream} make ${fields.length} user fields.`);
      output.table(
        ['field', 'kind', 'merged by'],
        fields.map(({ name, kind, mergeOperator, isIdentity }) => [
          isIdentity ? `${name} (identity)` : name,
          kind,
          mergeOperator,
        ]),
      );
    },
  );

  runs<TestOptions>(
    mappings
      .command('test')
      .option('--expr <expression>', 'one expression; a whole mapping is tried unless given')
      .option('--mapping <file>', 'an own mapping; the default one unless given')
      .option('--row <json>', 'the row, as {"event":"click","riid":"7"}')
      .option('--row-file <file>', 'the row, in a file of JSON')
      .option('--field <name=value...>', 'fields of the row, one by one')
      .option('--ts <time>', 'the event’s time, in ISO; now unless given')
      .description(
        'what an expression or a mapping makes of a row; without a row, answers JSON lines from standard input: {"expr":…,"fields":{…},"ts":…}',
      ),
    async ({ output, options }) => {
      const { expr, mapping, ts } = options;
      if (expr !== undefined && mapping !== undefined)
        throw new ExpectedError(
          'USAGE',
          '--expr and --mapping exclude each other: which of them is to be tried?',
        );
      const fields = await rowOf(options);
      if (fields === undefined) {
        if (expr !== undefined || mapping !== undefined || process.stdin.isTTY)
          throw new ExpectedError('USAGE', 'The row is missing: --row, --row-file or --field event=click.');
        return answerLines(answerTo);
      }
      const time = ts ?? new Date().toISOString();
      const answer =
        expr === undefined
          ? profileOf(
              readMapping(mapping === undefined ? defaultMappingText : await readText(mapping)),
              fields,
              time,
            )
          : evaluateExpression(expr, fields, time);
      output.result(answer);
      output.line(JSON.stringify(answer, null, 2));
    },
  );
}

/** The row that the options give; fields named one by one come last. Undefined where they give none. */
async function rowOf({ row: text, rowFile, field }: RowOptions): Promise<Row | undefined> {
  if (text === undefined && rowFile === undefined && field === undefined) return undefined;
  const given = {
    ...(rowFile === undefined ? {} : parse(rowFile, await readText(rowFile), row)),
    ...(text === undefined ? {} : parse('--row', text, row)),
  };
  for (const pair of field ?? []) {
    const at = pair.indexOf('=');
    if (at < 1) throw notValid('--field', `${JSON.stringify(pair)}: expected NAME=value`);
    given[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return given;
}

/** What one row makes of somebody who had nothing. */
function profileOf(mapping: Mapping, fields: Row, time: string) {
  const atMs = momentOf(time)?.atMs;
  if (atMs === undefined) throw notValid('--ts', `${JSON.stringify(time)} is no time`);
  const aggregate = mapping.newAggregate();
  mapping.fold(aggregate, fields, atMs);
  return { identities: mapping.identitiesOf(fields, atMs), fields: mapping.valuesOf(aggregate) };
}

/** A line that cannot be read says why, and the next is read. */
function answerTo(line: string, number: number): object {
  try {
    const { expr, fields, ts } = parse(`line ${number}`, line, request);
    return evaluateExpression(expr, fields, ts ?? new Date().toISOString());
  } catch (error) {
    if (error instanceof ExpectedError) return { ok: false, error: error.message };
    throw error;
  }
}

function parse<Output>(what: string, text: string, schema: z.ZodType<Output>): Output {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw notValid(what, 'is no JSON');
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw notValid([what, ...(issue?.path ?? [])].join('.'), issue?.message ?? 'is not as it should be');
}
