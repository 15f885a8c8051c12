/** `mapping check` and `mapping test`, through the command line: without store, server or worker. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sharedText } from '../lql/shared-text.ts';

const main = join(import.meta.dirname, '..', '..', 'client', 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'lytics-responsys-mapping-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const mapping = (args: readonly string[], input = '') =>
  spawnSync(process.execPath, [main, 'mapping', ...args], { input, encoding: 'utf8' });
const written = (text: string): string => {
  const path = join(folder, 'own.lql');
  writeFileSync(path, text);
  return path;
};

interface Vector {
  readonly expr: string;
  readonly fields: object;
  readonly ts: string;
  readonly out: object;
}

const given = sharedText('conformance/lql-vectors.json');

test(
  'JSON lines: every expression gives what Lytics’ engine gives',
  { skip: 'absent' in given ? given.absent : false },
  () => {
    const { vectors } = JSON.parse('text' in given ? given.text : '') as {
      readonly vectors: readonly Vector[];
    };
    const lines = vectors.map(({ expr, fields, ts }) => JSON.stringify({ expr, fields, ts }));
    const { status, stdout, stderr } = mapping(['test'], `${lines.join('\n')}\n`);
    assert.equal(status, 0, stderr);
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    assert.deepEqual(
      answers,
      vectors.map(({ out }) => out),
    );
    assert.ok(answers.length >= 240);
  },
);

test('a line that cannot be read says why, and the next is answered', () => {
  const lines = [
    'nonsense',
    '{"expr":"nosuch(x)","fields":{}}',
    '{"expr":"hash(x)","fields":{"x":"a"}}',
    '{"fields":{}}',
  ];
  const answers = mapping(['test'], lines.join('\n'))
    .stdout.trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  assert.deepEqual(
    answers.map(({ ok }) => ok),
    [false, false, true, false],
  );
  assert.match(String(answers[0]?.['error']), /line 1: is no JSON/);
  assert.match(String(answers[1]?.['error']), /mapping, line 1, column 1: .*nosuch/);
  assert.match(String(answers[2]?.['value']), /^-?\d{15,}$/);
  assert.match(String(answers[3]?.['error']), /line 4\.expr: /);
});

test('a whole mapping, own or the default one, on a row', () => {
  const row = JSON.stringify({ event: 'click', riid: '7', offer_name: 'Spring' });
  const asked = ['--row', row, '--ts', '2026-01-31T18:00:00Z', '--json'];
  const { identities, fields } = JSON.parse(mapping(['test', ...asked]).stdout) as {
    readonly identities: object;
    readonly fields: Readonly<Record<string, unknown>>;
  };
  assert.deepEqual(identities, [{ field: 'rs_user_id', value: '7' }]);
  assert.deepEqual(
    [fields['email_click_ct'], fields['rs_offers'], fields['email_last_click_ts']],
    [1, ['Spring'], '2026-01-31T18:00:00.000Z'],
  );
  const own = written(
    'SELECT set(offer_name) AS offers, riid AS rs_user_id FROM responsys_events INTO user BY rs_user_id ALIAS own',
  );
  assert.deepEqual(JSON.parse(mapping(['test', '--mapping', own, ...asked]).stdout), {
    identities: [{ field: 'rs_user_id', value: '7' }],
    fields: { offers: ['Spring'], rs_user_id: '7' },
  });
});

test('a row is given by a file and by its fields, one by one', () => {
  const file = join(folder, 'row.json');
  writeFileSync(file, '{"offer_name":"Spring","event":"open"}');
  const { status, stdout, stderr } = mapping([
    ...['test', '--row-file', file, '--field', 'event=click', 'riid=7', '--json'],
    ...['--expr', 'event', '--ts', '2026-01-31T18:00:00Z'],
  ]);
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { ok: true, type: 'string', value: 'click' });
  const missing = mapping(['test', '--expr', 'event']);
  assert.deepEqual([missing.status, missing.stderr.split('  ')[0]], [2, 'USAGE']);
});

test('check lists the fields of a mapping, or says by line and column what is wrong', () => {
  const good = mapping(['check', join(import.meta.dirname, '..', '..', 'lql', 'responsys_events.lql')]);
  assert.equal(good.status, 0, good.stderr);
  assert.match(good.stdout, /rs_user_id \(identity\) +string +latest/);
  const bad = mapping(['check', written('SELECT riid AS\n  FROM x')]);
  assert.equal(bad.status, 2);
  assert.match(bad.stderr, /INPUT_NOT_VALID {2}mapping, line 2, column \d+: /);
  const foreign = mapping(['check', written('SELECT phone AS phone FROM s INTO user BY phone ALIAS a')]);
  assert.equal(
    foreign.stderr,
    'INPUT_NOT_VALID  mapping, line 1, column 43: BY names phone; a profile is found by email, customer_id, rs_user_id\n',
  );
});
