/**
 * What an SQL text takes from a filter: every text, name and number of it is a parameter, never a piece of the
 * SQL. Some depend on the time at which the filter is evaluated.
 */
export type ParameterValue = string | boolean | readonly string[];

export interface Parameters {
  /** @returns how the SQL text calls it, with its type */
  add(value: ParameterValue, type: SqlType): string;
  addTimed(valueAt: (nowMs: number) => ParameterValue | null, type: SqlType): string;
  /** The text with those of its parameters alone that it mentions, and what gives their values. */
  settle(text: string): Settled;
}

export interface Settled {
  readonly text: string;
  valuesAt(nowMs: number): readonly (ParameterValue | null)[];
}

export type SqlType = 'text' | 'numeric' | 'text[]' | 'numeric[]';

/** @param first the number of the first parameter: those before it are another's */
export function newParameters(first: number): Parameters {
  const values: ((nowMs: number) => ParameterValue | null)[] = [];
  const known = new Map<string, string>();
  const addTimed = (valueAt: (nowMs: number) => ParameterValue | null, type: SqlType): string => {
    values.push(valueAt);
    return `$${values.length}::${type}`;
  };
  return {
    addTimed,
    add(value, type) {
      const key = JSON.stringify([type, value]);
      const name = known.get(key) ?? addTimed(() => value, type);
      known.set(key, name);
      return name;
    },
    settle(text) {
      // PostgreSQL refuses a parameter of which it sees no type, such as that of a comparison never made.
      const used = new Map<string, number>();
      const settled = text.replace(/\$(\d+)(?=::)/g, (_, number: string) => {
        const place = used.get(number) ?? used.size;
        used.set(number, place);
        return `$${first + place}`;
      });
      const kept = [...used.keys()].map((number) => values[Number(number) - 1]);
      return { text: settled, valuesAt: (nowMs) => kept.map((valueAt) => valueAt?.(nowMs) ?? null) };
    },
  };
}
