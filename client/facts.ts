/** What is known of one thing, as people read it: a name and a value a line, numbers with their thousands apart. */
import type { Output } from './output.ts';

export type Fact = readonly [name: string, value: string | number];

export const showFacts = (output: Output, facts: readonly Fact[]): void =>
  output.table(
    ['', ''],
    facts.map(([name, value]) => [name, typeof value === 'number' ? value.toLocaleString('en') : value]),
  );
