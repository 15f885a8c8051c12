/**
 * Asks for an Export Audience job step by step, in the specification's order and words, and offers what is
 * really there: in the store, and in the account, which is asked by reads alone.
 */
import { checkbox, input, select } from '@inquirer/prompts';
import { columnNameFault, sameName } from '../../jobs/column-name.ts';
import { ExpectedError } from '../../jobs/errors.ts';
import { exportAudienceSchema, identifierColumns } from '../../jobs/export-audience.ts';
import type { IdentifierColumn } from '../../jobs/export-audience.ts';
import { maxExportedAudiences } from '../../jobs/limits.ts';
import type { ExtensionTable, ProfileList } from '../../systems/responsys/index.ts';
import { summariseAudiences } from '../../systems/store/audiences.ts';
import type { AudienceSummary } from '../../systems/store/audiences.ts';
import { readUserFields } from '../../systems/store/user-fields.ts';
import { connectLabelled } from '../authorizations/export-authorization.ts';
import type { Context } from '../context.ts';
import { reading } from '../kinds/account-checks.ts';
import type { JobAnswers } from '../kinds/kind.ts';
import { askAdditionalFields, askAuthorization, askDescription, askLabel, upTo } from '../kinds/questions.ts';

const newOne = '';

export async function askForJob(context: Context): Promise<JobAnswers> {
  const store = await context.store();
  const audiences = await summariseAudiences(store);
  if (audiences.length === 0)
    throw new ExpectedError('NOT_FOUND', 'audience: there are none yet: see "audiences import".');
  const fields = [...(await readUserFields(store)).keys()];
  const authorization = await askAuthorization(context, ['responsys-interact']);
  const responsys = await connectLabelled(context, authorization);
  const lists = await reading(responsys.lists());
  const label = await askLabel(store);
  const description = await askDescription();
  const audience = await select({
    message: 'Source Audience',
    choices: audiences.map(({ name, members }) => ({
      value: name,
      name: `${name} (${members.toLocaleString('en')} members)`,
    })),
  });
  const list = await select({
    message: 'List',
    choices: lists.map((one) => ({ value: one, name: `${one.name} (folder ${one.folderName})` })),
  });
  const idMappings = await askMappings(list, fields);
  const matches = await askMatchColumns(idMappings);
  const additionalFields = await askAdditionalFields(fields);
  const tables = await reading(responsys.extensionTables(list.name));
  const fieldsTable = additionalFields.length === 0 ? newOne : await askFieldsTable(tables);
  const exportAudienceMemberships = await askMemberships(audiences, audience);
  const membershipsTable = await askMembershipsTable(tables, audiences, exportAudienceMemberships);
  return {
    job: 'export-audience',
    authorization,
    label,
    ...(description === '' ? {} : { description }),
    audience,
    list: list.name,
    idMappings,
    ...matches,
    additionalFields,
    ...(fieldsTable === newOne ? {} : { fieldsTable }),
    exportAudienceMemberships,
    ...(membershipsTable === undefined ? {} : { membershipsTable }),
  };
}

type Mappings = Readonly<Record<string, IdentifierColumn>>;

/** User fields that usually hold what a column wants; others are offered as well. */
const usualFields: Readonly<Partial<Record<IdentifierColumn, string>>> = {
  RIID_: 'rs_user_id',
  CUSTOMER_ID_: 'customer_id',
  EMAIL_ADDRESS_: 'email',
  MOBILE_NUMBER_: 'phone',
};

async function askMappings(list: ProfileList, fields: readonly string[]): Promise<Mappings> {
  const present = identifierColumns.filter((column) => list.fields.some((one) => sameName(one.name, column)));
  const columns = await checkbox<IdentifierColumn>({
    message: 'ID Mappings: the identifier fields of the list that are mapped',
    choices: present.map((value) => ({ value, checked: value === 'EMAIL_ADDRESS_' })),
    validate: (chosen) => {
      if (chosen.length === 0) return 'At least one identifier must be mapped';
      if (chosen.length > fields.length) return `There are only ${fields.length} user fields to map`;
      const probe = Object.fromEntries(chosen.map(({ value }, index) => [String(index), value]));
      return pairsOf(probe).length > 0 || 'These cannot be combined: RIID_ and hashes only find a record';
    },
  });
  const mappings: Record<string, IdentifierColumn> = {};
  for (const column of columns) {
    const free = fields.filter((field) => mappings[field] === undefined);
    const usual = usualFields[column];
    const field = await select({
      message: `ID Mappings: user field for ${column}`,
      choices: free.map((value) => ({ value })),
      ...(usual !== undefined && free.includes(usual) ? { default: usual } : {}),
    });
    mappings[field] = column;
  }
  return mappings;
}

interface Matches {
  readonly matchColumn1: IdentifierColumn;
  readonly matchColumn2?: IdentifierColumn;
}

/** The match columns that go with these mappings, as the schema has it. */
function pairsOf(idMappings: Mappings): readonly Matches[] {
  const columns = Object.values(idMappings);
  const pairs = columns.flatMap((matchColumn1): Matches[] => [
    { matchColumn1 },
    ...columns
      .filter((other) => other !== matchColumn1)
      .map((matchColumn2) => ({ matchColumn1, matchColumn2 })),
  ]);
  const rest = { job: 'export-audience', authorization: '-', label: '-', audience: '-', list: '-' };
  return pairs.filter((pair) => exportAudienceSchema.safeParse({ ...rest, idMappings, ...pair }).success);
}

async function askMatchColumns(idMappings: Mappings): Promise<Matches> {
  const pairs = pairsOf(idMappings);
  const matchColumn1 = await select<IdentifierColumn>({
    message: 'Match Column 1',
    choices: [...new Set(pairs.map((pair) => pair.matchColumn1))].map((value) => ({ value })),
  });
  const seconds = pairs.filter((pair) => pair.matchColumn1 === matchColumn1).map((pair) => pair.matchColumn2);
  if (seconds.every((column) => column === undefined)) return { matchColumn1 };
  const matchColumn2 = await select<IdentifierColumn | undefined>({
    message: 'Match Column 2 (optional)',
    choices: seconds.map((value) => ({ value, name: value ?? 'none' })),
  });
  return matchColumn2 === undefined ? { matchColumn1 } : { matchColumn1, matchColumn2 };
}

const askFieldsTable = (tables: readonly ExtensionTable[]): Promise<string> =>
  select({
    message: 'Fields Table (optional)',
    choices: [
      { value: newOne, name: 'a new one, Lytics_User_Fields_{Job ID}' },
      ...tables.map(({ name, fields }) => ({
        value: name,
        name: `${name} (${fields.map((field) => field.name).join(', ')})`,
      })),
    ],
  });

const askMemberships = (audiences: readonly AudienceSummary[], source: string): Promise<string[]> =>
  checkbox({
    message: `Export Audience Memberships (optional, up to ${maxExportedAudiences})`,
    choices: audiences.map(({ name, column }) => ({
      value: name,
      name: `${name} → ${column}`,
      checked: name === source,
    })),
    validate: upTo(maxExportedAudiences, 'audiences'),
  });

/** Asked only where the usual table is there and lacks a column, which REST cannot add. */
async function askMembershipsTable(
  tables: readonly ExtensionTable[],
  audiences: readonly AudienceSummary[],
  chosen: readonly string[],
): Promise<string | undefined> {
  const usual = 'Lytics_Segments';
  const table = tables.find((one) => sameName(one.name, usual));
  const lacking = audiences
    .filter(({ name }) => chosen.includes(name))
    .filter(({ column }) => table?.fields.some((field) => sameName(field.name, column)) === false)
    .map(({ column }) => column);
  if (lacking.length === 0) return undefined;
  return input({
    message: `The table ${usual} lacks ${lacking.join(', ')}, and REST cannot add columns. Another table, to be made`,
    validate: (value) => {
      const fault = columnNameFault(value);
      if (fault !== undefined) return `"${value}" ${fault}`;
      return !tables.some((one) => sameName(one.name, value)) || `${value} is there already`;
    },
  });
}
