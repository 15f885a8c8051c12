/**
 * The first bodies of a rehearsal, with the values in them masked: the first to each target, then the next ones.
 */
import type { RehearsedRequest } from '../../systems/responsys/index.ts';
import { isMergeBody, isTriggerBody, maskBody, maskTrigger } from './mask.ts';

const shownBodies = 3;

export interface MaskedRequest {
  readonly method: string;
  readonly path: string;
  readonly rows: number;
  /** As it would be sent, each value masked. */
  readonly body: unknown;
}

/** @param plain columns of merges whose values may be shown, by a part of the path of their table */
export function firstBodies(plain: ReadonlyMap<string, ReadonlySet<string>>) {
  const firsts = new Map<string, MaskedRequest>();
  const others: MaskedRequest[] = [];
  return {
    note: ({ method, path, rows = 0, body }: RehearsedRequest): void => {
      const isFirst = !firsts.has(path);
      if (!isFirst && others.length >= shownBodies) return;
      const shown = [...plain].find(([part]) => path.includes(part))?.[1] ?? new Set();
      const masked = isMergeBody(body)
        ? maskBody(body, shown)
        : isTriggerBody(body)
          ? maskTrigger(body)
          : undefined;
      if (masked === undefined) return;
      if (isFirst) firsts.set(path, { method, path, rows, body: masked });
      else others.push({ method, path, rows, body: masked });
    },
    shown: (): readonly MaskedRequest[] => [...firsts.values(), ...others].slice(0, shownBodies),
  };
}
