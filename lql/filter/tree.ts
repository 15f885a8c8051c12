/** A filter as a tree, as the parser makes it: what was written, not yet what it means. */
import type { Place } from '../syntax.ts';

/**
 * A field's name. `whole` may be a field itself, or a map and a key with a dot between; a name that was quoted
 * in two parts is a map and a key alone.
 */
export interface FieldName {
  readonly whole: string;
  readonly map?: string;
  readonly key?: string;
}

export type ComparisonSign = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type ArithmeticSign = '+' | '-' | '*' | '/' | '%';

export type Value =
  | { readonly type: 'text'; readonly text: string; readonly place: Place }
  /** `digits` as a decimal number; whole ones are exact. */
  | { readonly type: 'number'; readonly digits: string; readonly isWhole: boolean; readonly place: Place }
  | { readonly type: 'truth'; readonly value: boolean; readonly place: Place }
  | { readonly type: 'null'; readonly place: Place }
  | { readonly type: 'field'; readonly name: FieldName; readonly place: Place }
  | {
      readonly type: 'call';
      readonly name: string;
      readonly args: readonly Expression[];
      readonly place: Place;
    }
  | {
      readonly type: 'arithmetic';
      readonly sign: ArithmeticSign;
      readonly left: Expression;
      readonly right: Expression;
      readonly place: Place;
    };

export type Condition =
  /** AND ( … ) and OR ( … ): conditions in their order. */
  | {
      readonly type: 'group';
      readonly operator: 'and' | 'or';
      readonly items: readonly Expression[];
      readonly place: Place;
    }
  /** a AND b, a OR b: what cannot be evaluated is treated otherwise than in a group. */
  | {
      readonly type: 'infix';
      readonly operator: 'and' | 'or';
      readonly items: readonly Expression[];
      readonly place: Place;
    }
  | { readonly type: 'not'; readonly operand: Expression; readonly place: Place }
  | {
      readonly type: 'compare';
      readonly sign: ComparisonSign;
      readonly left: Expression;
      readonly right: Expression;
      readonly place: Place;
    }
  | {
      readonly type: 'like' | 'contains';
      readonly left: Expression;
      readonly right: Expression;
      readonly place: Place;
    }
  /** IN and INTERSECTS, which mean the same. */
  | {
      readonly type: 'in';
      readonly left: Expression;
      readonly list: readonly Expression[] | Expression;
      readonly place: Place;
    }
  | {
      readonly type: 'between';
      readonly left: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly place: Place;
    }
  | { readonly type: 'exists'; readonly operand: Expression; readonly place: Place }
  | { readonly type: 'include'; readonly name: string; readonly place: Place };

export type Expression = Value | Condition;

const valueTypes: Readonly<Record<Value['type'], true>> = {
  ...{ text: true, number: true, truth: true, null: true },
  ...{ field: true, call: true, arithmetic: true },
};

export const isValue = (expression: Expression): expression is Value => expression.type in valueTypes;

export interface Filter {
  /** 'all' for * and match_all; undefined where the statement has no condition, and so nobody. */
  readonly condition: Expression | 'all' | undefined;
  readonly from: string | undefined;
  /** In lower case, as Lytics keeps it. */
  readonly alias: string | undefined;
  readonly limit: number | undefined;
  /** What is worth a word, though it is read: a second statement, a WHERE that is not evaluated. */
  readonly remarks: readonly string[];
}
