/** What the mapping's parser makes of a text: a tree in which every part knows its place. */
import type { Place } from '../syntax.ts';

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

export type Expression =
  | { readonly type: 'field'; readonly name: string; readonly place: Place }
  | { readonly type: 'literal'; readonly value: string | number | boolean | null; readonly place: Place }
  | {
      readonly type: 'call';
      /** In lower case. */
      readonly name: string;
      readonly args: readonly Expression[];
      readonly place: Place;
    }
  | {
      readonly type: 'compare';
      readonly operator: Comparison;
      readonly left: Expression;
      readonly right: Expression;
      readonly place: Place;
    }
  | {
      readonly type: 'in';
      readonly operand: Expression;
      readonly list: readonly Expression[];
      readonly place: Place;
    }
  | { readonly type: 'not'; readonly operand: Expression; readonly place: Place }
  | { readonly type: 'and' | 'or'; readonly operands: readonly Expression[]; readonly place: Place };

/** A word of the text, such as a kind, with its place for messages. */
export interface Word {
  readonly text: string;
  readonly place: Place;
}

export interface Column {
  readonly expression: Expression;
  readonly name: Word;
  readonly guard?: Expression | undefined;
  readonly shortDescription?: string | undefined;
  readonly longDescription?: string | undefined;
  readonly kind?: Word | undefined;
  readonly mergeOperator?: Word | undefined;
  readonly capacity?: { readonly entries: number; readonly place: Place } | undefined;
}

export interface Statement {
  readonly columns: readonly Column[];
  readonly from: Word;
  readonly into: Word;
  readonly by: readonly Word[];
  readonly where?: Expression | undefined;
  readonly alias?: Word | undefined;
}
