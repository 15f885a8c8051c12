/**
 * One expression on one row, as "mapping test" shows it: the answer says its type, whole numbers are decimal
 * texts (64 bits do not fit a JSON number), times are ISO in UTC.
 */
import { faultAt } from '../syntax.ts';
import { momentOf } from '../time-text.ts';
import { isList, isPair, isoOf } from '../values.ts';
import type { Row, Value } from '../values.ts';
import { compileExpression } from './compile-expression.ts';
import { parseExpression } from './parser.ts';
import { mappingLanguage } from './tokens.ts';

export type Answer = { readonly ok: false } | ({ readonly ok: true } & Shown);

interface Shown {
  readonly type: 'string' | 'int' | 'number' | 'bool' | 'time' | 'list' | 'map';
  readonly value: unknown;
}

/** @param time of the event; hours are those of its own offset, so a stream's times are given in UTC */
export function evaluateExpression(text: string, row: Row, time: string): Answer {
  const moment = momentOf(time);
  if (moment === undefined)
    throw faultAt(mappingLanguage.name, { line: 1, column: 1 }, `ts ${JSON.stringify(time)} is no time`);
  const value = compileExpression(parseExpression(text))(row, moment.atMs, moment.offsetMs);
  // An empty text is a value (a URL may have neither host nor path); what takes it further may refuse it.
  const isThere = value !== undefined && !(isList(value) && value.length === 0);
  return isThere ? { ok: true, ...shown(value) } : { ok: false };
}

function shown(value: Value): Shown {
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'boolean') return { type: 'bool', value };
  if (typeof value === 'bigint') return { type: 'int', value: String(value) };
  if (typeof value === 'number')
    return Number.isInteger(value) ? { type: 'int', value: String(value) } : { type: 'number', value };
  if (isList(value)) return { type: 'list', value: value.map(shown) };
  if (isPair(value)) return { type: 'map', value: { [value.key]: shown(value.value) } };
  return { type: 'time', value: isoOf(value.atMs) };
}
