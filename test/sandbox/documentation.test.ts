import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { configSchema } from '../../sandbox/config.ts';
import { faultSchema } from '../../sandbox/faults.ts';

describe('docs/sandbox.md', () => {
  it('has every setting and every kind of fault', () => {
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'sandbox.md'), 'utf8');
    for (const name of [...Object.keys(configSchema.shape), ...faultSchema.shape.kind.options])
      assert.ok(text.includes(`\`${name}\``), name);
  });
});
