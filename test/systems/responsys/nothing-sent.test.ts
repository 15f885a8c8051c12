import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { meaningOfCode } from '../../../systems/responsys/error-codes.ts';
import { isProof, proofs } from '../../../systems/responsys/nothing-sent.ts';

test('the documentation has what proves that nothing was sent as it is, and nothing else', () => {
  const page = readFileSync(new URL('../../../docs/campaigns.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('## What proves that nothing was sent');
  const documented = section
    .split('\n')
    .filter((line) => /^\| (?!what |-)/.test(line))
    .map((line) => line.replace(/\s*\|\s*/g, '|').replace(/^\||\|$/g, ''));
  const known = proofs.map(({ what, signs, why }) =>
    [what, signs.map((sign) => `\`${sign}\``).join(', '), why].join('|'),
  );
  assert.deepEqual(documented, known);
});

test('each code of Responsys that is a proof has a meaning that forbids or postpones the call', () => {
  const signs = proofs.flatMap((proof) => (proof.what === 'no connection' ? [] : proof.signs));
  const codes = signs.filter((sign) => /^[A-Z_*]+$/.test(sign));
  assert.ok(codes.length > 20);
  for (const code of codes) assert.ok(meaningOfCode(code.replace('*', 'X')) !== undefined, code);
});

test('what is not known proves nothing', () => {
  for (const sign of [
    ...['ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'NO_ANSWER', 'HTTP 200', 'HTTP 400', 'HTTP 408'],
    ...['HTTP 500', 'HTTP 502', 'HTTP 503', 'HTTP 4290', 'UNEXPECTED_EXCEPTION', 'UNRECOVERABLE_EXCEPTION'],
    ...['DUPLICATE_API_REQUEST', 'SOMETHING_NEW', 'NOT_INVALID_PARAMETER', ''],
  ])
    assert.equal(isProof(sign), false, sign);
});
