/**
 * One bad row never takes its neighbours down: when a whole request is refused for a row, the row is found
 * and set aside, and the rest is sent. Pure: the sending is given.
 *
 * A refusal that names the row (`Record n = …`) costs one request more. One that names none is halved; a
 * half that must hold the bad row, since its other half was taken, is not sent whole again. So one bad row
 * of 200 costs at most ten requests more.
 */

/** Why a request was refused, as far as it is a row's fault. */
export interface Refusal {
  /** Of the row in the request that was refused, from 0; undefined where none is named. */
  readonly index: number | undefined;
  readonly words: string;
}

export type SendResult<Outcome> =
  { readonly outcomes: readonly Outcome[] } | { readonly refusal: Refusal };

/**
 * @param send sends some of the rows, in their order; throws what is no row's fault
 * @param reject makes the outcome of a row that is set aside
 * @returns the outcome of each row, in the rows' order
 */
export async function narrow<Row, Outcome>(
  rows: readonly Row[],
  send: (rows: readonly Row[]) => Promise<SendResult<Outcome>>,
  reject: (words: string) => Outcome,
): Promise<readonly Outcome[]> {
  const outcomes = new Map<number, Outcome>();

  async function attempt(positions: readonly number[]): Promise<Refusal | undefined> {
    const result = await send(positions.map((position) => rows[position] as Row));
    if ('refusal' in result) return result.refusal;
    positions.forEach((position, index) => outcomes.set(position, result.outcomes[index] as Outcome));
    return undefined;
  }

  /** Sends rows of which nothing is known. */
  async function settle(positions: readonly number[]): Promise<void> {
    let rest = positions;
    while (rest.length > 0) {
      const refusal = await attempt(rest);
      if (refusal === undefined) return;
      const bad = refusal.index === undefined ? undefined : rest[refusal.index];
      if (bad === undefined) return halve(rest, refusal);
      outcomes.set(bad, reject(refusal.words));
      rest = rest.filter((position) => position !== bad);
    }
  }

  /** Rows that were refused as a whole, by a refusal that named none of them. */
  async function halve(positions: readonly number[], refusal: Refusal): Promise<void> {
    const [only] = positions;
    if (only === undefined) return;
    if (positions.length === 1) {
      outcomes.set(only, reject(refusal.words));
      return;
    }
    const middle = Math.ceil(positions.length / 2);
    const left = positions.slice(0, middle);
    const right = positions.slice(middle);
    const leftRefusal = await attempt(left);
    // The whole was refused and its left half taken: the right half must hold a bad row.
    if (leftRefusal === undefined) return halve(right, refusal);
    const bad = leftRefusal.index === undefined ? undefined : left[leftRefusal.index];
    if (bad === undefined) await halve(left, leftRefusal);
    else {
      outcomes.set(bad, reject(leftRefusal.words));
      await settle(left.filter((position) => position !== bad));
    }
    await settle(right);
  }

  await settle(rows.map((_, position) => position));
  return rows.map((_, position) => outcomes.get(position) as Outcome);
}
