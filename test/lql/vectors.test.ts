/**
 * The answers of the open-source LQL engine, and the examples of Lytics' documentation. What differs on
 * purpose stands in `deviations` with its reason, and has to differ.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateExpression } from '../../lql/mapping/evaluate.ts';
import { compileMapping } from '../../lql/mapping/mapping.ts';
import { sharedText } from './shared-text.ts';

interface Vector {
  readonly id: string;
  readonly expr: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly ts: string;
  readonly out: unknown;
}

interface DocumentedVector {
  readonly id: string;
  readonly expr: string;
  readonly events: readonly Readonly<Record<string, unknown>>[];
  readonly out: unknown;
}

const deviations: Readonly<Record<string, string>> = {};

const given = sharedText('conformance/lql-vectors.json');
const skip = 'absent' in given ? given.absent : false;
const { vectors, doc_vectors: documented } = (
  'absent' in given ? { vectors: [], doc_vectors: [] } : JSON.parse(given.text)
) as { readonly vectors: readonly Vector[]; readonly doc_vectors: readonly DocumentedVector[] };

test('Every expression gives what Lytics’ engine gives', { skip }, () => {
  const wrong = vectors
    .map(({ id, expr, fields, ts, out }) => ({ id, got: evaluateExpression(expr, fields, ts), out }))
    .filter(({ id, got, out }) => (JSON.stringify(got) === JSON.stringify(out)) === id in deviations);
  assert.deepEqual(wrong, []);
  assert.ok(vectors.length >= 240, `only ${vectors.length} vectors`);
});

/** Examples whose expression or event is written for people: with what they mean in LQL. */
const spelled: Readonly<Record<string, Partial<DocumentedVector>>> = {
  'doc-profile-channels': { expr: 'set("web")', out: ['web'] },
  'fixture-hashedurls': {
    events: Array.from({ length: 5 }, () => ({ url: 'https://www.getlytics.com/company/?a=1' })),
    out: { '-1930026254798188417': 5 },
  },
};

test('Every example of the documentation gives what is printed there', { skip }, () => {
  for (const vector of documented) {
    const { id, expr, events, out } = { ...vector, ...spelled[vector.id] };
    const mapping = compileMapping(`
      SELECT ${expr} AS field, \`who\` AS who
      FROM stream INTO user BY who ALIAS example`);
    const aggregate = mapping.newAggregate();
    for (const event of events) {
      const atMs = Date.parse(typeof event['_ts'] === 'string' ? event['_ts'] : '2024-11-15T00:00:00Z');
      mapping.fold(aggregate, event, atMs);
    }
    const { field } = mapping.valuesOf(aggregate);
    const isTime = typeof field === 'string' && /^\d{4}-.*\.000Z$/.test(field);
    assert.deepEqual(isTime ? field.replace('.000Z', 'Z') : field, out, id);
  }
  assert.ok(documented.length >= 20);
});
