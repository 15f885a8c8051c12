/**
 * Bad rows of every kind that the sandbox knows, among good ones: the good arrive, each bad one has its reason,
 * and few requests more are made. Where a refusal of the whole request names no row, each request tells one bit,
 * and two bad rows of 200 take at least ⌈log₂ (200 · 199 / 2)⌉ = 15: there a search a row is the measure.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { connectResponsys } from '../../../systems/responsys/index.ts';
import type { MergeResult, Responsys } from '../../../systems/responsys/index.ts';
import { startSandbox } from '../../harness/sandbox.ts';
import type { TestSandbox } from '../../harness/sandbox.ts';
import { ungoverned } from './ungoverned.ts';

const batch = 200;

let sandbox: TestSandbox;
before(async () => {
  sandbox = await startSandbox({ limits: { '*': 1_000_000 } });
});

interface Kind {
  readonly config: object;
  readonly code: string;
  readonly target: 'list' | 'table';
  /** Of the column that it is about. */
  readonly cell: string;
  readonly column: string;
  /** Whether a refusal leaves open which row is meant. */
  readonly unnamed?: true;
}

const list = { target: 'list', column: 'EMAIL_ADDRESS_', code: 'bad-email', cell: 'no address' } as const;
const kinds: Readonly<Record<string, Kind>> = {
  'bad address, hidden': { ...list, config: { badEmail: 'hidden' } },
  'bad address, refused by number': { ...list, config: { badEmail: 'whole-request' } },
  'bad address, refused without': {
    ...list,
    config: { badEmail: 'whole-request-without-index' },
    unnamed: true,
  },
  'no address, hidden': { ...list, config: {}, cell: '', code: 'missing-key' },
  'no integer, hidden': {
    ...list,
    config: {},
    column: 'LOYALTY_POINTS',
    cell: 'many',
    code: 'wrong-type',
  },
  'no number, hidden': { ...list, config: {}, column: 'LIFETIME_VALUE', cell: 'much', code: 'wrong-type' },
  'no time, hidden': { ...list, config: {}, column: 'LAST_PURCHASE', cell: 'once', code: 'wrong-type' },
  'no such contact, hidden': {
    config: {},
    target: 'table',
    column: 'RIID_',
    cell: '999999999',
    code: 'no-contact',
  },
  'no integer in a table, hidden': {
    config: {},
    target: 'table',
    column: 'VIP',
    cell: 'very',
    code: 'wrong-type',
  },
};

async function connect(config: object): Promise<Responsys> {
  await sandbox.control('reset', {});
  await sandbox.control('config', config);
  const { login, username, password, allowHosts } = sandbox;
  return connectResponsys({
    login: { endpointUri: login, username, password },
    allowHosts,
    governor: ungoverned,
    log: () => undefined,
  });
}

const rule = {
  matchColumns: ['EMAIL_ADDRESS_'],
  insertOnNoMatch: true,
  updateOnMatch: 'REPLACE_ALL',
  defaultPermissionStatus: 'OPTOUT',
} as const;

const spoil = (
  columns: readonly string[],
  rows: readonly string[][],
  { column, cell }: Kind,
  bad: Set<number>,
) =>
  rows.map((row, n) => (bad.has(n) ? row.map((value, at) => (columns[at] === column ? cell : value)) : row));

async function merge(kind: Kind, bad: Set<number>): Promise<MergeResult> {
  const responsys = await connect(kind.config);
  const columns = ['EMAIL_ADDRESS_', 'LOYALTY_POINTS', 'LIFETIME_VALUE', 'LAST_PURCHASE'];
  const people = Array.from({ length: batch }, (_, n) => [`p${n}@example.com`, '', '', '']);
  if (kind.target === 'list')
    return responsys.mergeListMembers('CONTACTS_LIST', {
      columns,
      rows: spoil(columns, people, kind, bad),
      rule,
    });
  const { rows: known } = await responsys.mergeListMembers('CONTACTS_LIST', { columns, rows: people, rule });
  await responsys.createExtensionTable('CONTACTS_LIST', {
    name: 'Poison',
    folder: 'Lytics',
    fields: [{ name: 'VIP', type: 'INTEGER' }],
  });
  const rows = known.map((row) => [row.outcome === 'accepted' ? (row.riid ?? '') : '', '1']);
  return responsys.mergeTableMembers('CONTACTS_LIST', 'Poison', {
    columns: ['RIID_', 'VIP'],
    rows: spoil(['RIID_', 'VIP'], rows, kind, bad),
    matchColumns: ['RIID_'],
    insertOnNoMatch: true,
    updateOnMatch: 'REPLACE_ALL',
  });
}

/** Spread over the batch, at its ends too. */
const badRows = (count: number): Set<number> =>
  new Set(
    Array.from({ length: count }, (_, n) =>
      count === 1 ? 137 : Math.round((n * (batch - 1)) / (count - 1)),
    ),
  );

async function arrived(target: Kind['target']): Promise<number> {
  const path = target === 'list' ? 'lists/CONTACTS_LIST' : 'tables/CONTACTS_LIST/Poison';
  const response = await fetch(`${sandbox.login}/_sandbox/${path}`);
  return (await response.text()).split('\n').filter((line) => line !== '').length;
}

for (const [name, kind] of Object.entries(kinds)) {
  for (const count of [1, 2, batch]) {
    test(`${count} of ${batch}: ${name}`, async (context) => {
      const bad = badRows(count);
      const { rows, requests } = await merge(kind, bad);
      assert.deepEqual(
        rows.map((row) => (row.outcome === 'rejected' ? row.code : row.outcome)),
        Array.from({ length: batch }, (_, n) => (bad.has(n) ? kind.code : 'accepted')),
      );
      assert.ok(rows.every((row) => row.outcome !== 'rejected' || row.words !== ''));
      assert.equal(await arrived(kind.target), batch - count);
      const extra = requests.length - 1;
      context.diagnostic(`${name.padEnd(32)} ${String(count).padStart(3)} bad rows: ${extra} requests more`);
      const logarithm = Math.ceil(Math.log2(batch));
      const most = kind.unnamed && count < batch ? count * (logarithm + 2) : 2 * count + logarithm;
      assert.ok(extra <= most, `${extra} requests more, at most ${most}`);
    });
  }
}
