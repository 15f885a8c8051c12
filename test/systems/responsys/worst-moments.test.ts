import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connectResponsys } from '../../../systems/responsys/index.ts';
import type { MergeResult, Responsys } from '../../../systems/responsys/index.ts';
import { records, refusal, rowsOf, startStub } from './stub.ts';
import { ungoverned } from './ungoverned.ts';

const merge = (responsys: Responsys, rows: readonly string[], insertOnNoMatch = true): Promise<MergeResult> =>
  responsys.mergeListMembers('LIST', {
    columns: ['EMAIL_ADDRESS_'],
    rows: rows.map((row) => [row]),
    rule: {
      matchColumns: ['EMAIL_ADDRESS_'],
      insertOnNoMatch,
      updateOnMatch: 'REPLACE_ALL',
      defaultPermissionStatus: 'OPTOUT',
    },
  });

test('in real time: an answer that drips for longer than the time-out is given up', async (context) => {
  const server = createServer((_, response) => {
    const drip = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(drip));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const responsys = connectResponsys({
    login: { endpointUri: `http://${host}`, username: 'api', password: 'secret' },
    allowHosts: [host],
    governor: ungoverned,
    log: () => undefined,
    timeoutMs: 200,
  });
  await assert.rejects(responsys.lists(), { kind: 'network', errorCode: 'ETIMEDOUT' });
});

test('an endPoint that must not be used is not asked for again by each call', async () => {
  const stub = await startStub(
    () => ({ body: [] }),
    () => ({ body: { authToken: 'T', issuedAt: Date.now(), endPoint: 'https://evil.example' } }),
  );
  for (let n = 0; n < 3; n++) await assert.rejects(stub.responsys.lists(), { kind: 'not-allowed' });
  assert.equal(stub.logins().length, 1);
});

for (const body of ['<html>maintenance</html>', false, ''])
  test(`${JSON.stringify(body)} with 200 is no table made`, async () => {
    const stub = await startStub(() => ({ body }));
    const table = { name: 'T', folder: 'F', fields: [{ name: 'A', type: 'STR500' }] };
    await assert.rejects(stub.responsys.createExtensionTable('LIST', table), {
      kind: 'service',
      provesNothingSent: false,
    });
  });

test('a value that is quoted in the words does not decide what they mean', async () => {
  const words = 'The value "no match" is not valid for the field type INTEGER';
  const stub = await startStub(() => records(['RIID_'], [[`MERGEFAILED: Record 0 = ${words}\r\n`]]));
  const { rows } = await merge(stub.responsys, ['someone'], false);
  assert.deepEqual(rows, [{ outcome: 'rejected', code: 'wrong-type', words }]);
});

for (const [words, errorCode] of [
  ['Record 5 = nothing known of it', 'SOMETHING_NEW'],
  ['nothing known of "merge rule"', 'INVALID_PARAMETER'],
] as const)
  test(`${errorCode} "${words}" takes no neighbour of one bad row down`, async () => {
    const stub = await startStub((asked) => {
      const rows = rowsOf(asked).flat();
      return rows.includes('bad')
        ? refusal(400, errorCode, words)
        : records(
            ['RIID_'],
            rows.map((_, n) => [String(n + 1)]),
          );
    });
    const given = Array.from({ length: 20 }, (_, n) => (n === 5 ? 'bad' : `member-${n}`));
    const { rows } = await merge(stub.responsys, given);
    assert.deepEqual(
      rows.flatMap(({ outcome }, n) => (outcome === 'accepted' ? [] : [n])),
      [5],
    );
  });
