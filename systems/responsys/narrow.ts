/**
 * One bad row never takes its neighbours down: when a whole request is refused for a row, the row is found
 * and set aside, and the rest is sent. Pure: the sending is given.
 *
 * A refusal that names the row (`Record n = …`) costs one request more. Where none is named, the first few
 * bad rows are searched by halving, and what was not sent meanwhile goes together: at most nine requests more
 * for one bad row of 200. Where many are bad, all is halved: at most two requests for each bad row.
 */

/** Why a request was refused, as far as it is a row's fault. */
export interface Refusal {
  /** Of the row in the request that was refused, from 0; undefined where none is named. */
  readonly index: number | undefined;
  readonly words: string;
}

/** Bad rows that are searched for one by one, before a batch is taken to be bad throughout. */
const fewBadRows = 3;

const halves = (positions: readonly number[]): readonly [readonly number[], readonly number[]] => {
  const middle = Math.ceil(positions.length / 2);
  return [positions.slice(0, middle), positions.slice(middle)];
};

export type SendResult<Outcome> = { readonly outcomes: readonly Outcome[] } | { readonly refusal: Refusal };

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

  const setAside = (position: number, words: string): void => void outcomes.set(position, reject(words));
  const without = (positions: readonly number[], bad: number): readonly number[] =>
    positions.filter((position) => position !== bad);

  /** Sends rows of which nothing is known. */
  async function settle(positions: readonly number[]): Promise<void> {
    let rest = positions;
    let searches = 0;
    while (rest.length > 0) {
      const refusal = await attempt(rest);
      if (refusal === undefined) return;
      const bad = refusal.index === undefined ? undefined : rest[refusal.index];
      if (bad !== undefined) {
        setAside(bad, refusal.words);
        rest = without(rest, bad);
      } else if (searches < fewBadRows) {
        searches += 1;
        rest = await searchOne(rest, refusal);
      } else {
        return halve(rest, refusal);
      }
    }
  }

  /**
   * Finds one bad row among rows that were refused without naming it, sending good ones on the way.
   * @returns the rows that are still to be sent
   */
  async function searchOne(positions: readonly number[], refused: Refusal): Promise<readonly number[]> {
    let suspects = positions;
    let refusal = refused;
    const unsent: number[] = [];
    while (suspects.length > 1) {
      const [left, right] = halves(suspects);
      const leftRefusal = await attempt(left);
      // The whole was refused and its left half taken: the right half must hold a bad row.
      suspects = leftRefusal === undefined ? right : left;
      if (leftRefusal !== undefined) {
        refusal = leftRefusal;
        unsent.push(...right);
      }
    }
    for (const bad of suspects) setAside(bad, refusal.words);
    return unsent.toSorted((one, other) => one - other);
  }

  /** Rows that were refused without naming one, of which many may be bad: both halves on their own. */
  async function halve(positions: readonly number[], refusal: Refusal): Promise<void> {
    const [only] = positions;
    if (only === undefined) return;
    if (positions.length === 1) {
      setAside(only, refusal.words);
      return;
    }
    const [left, right] = halves(positions);
    const leftRefusal = await attempt(left);
    if (leftRefusal === undefined) return halve(right, refusal);
    await halve(left, leftRefusal);
    const rightRefusal = await attempt(right);
    if (rightRefusal !== undefined) await halve(right, rightRefusal);
  }

  await settle(rows.map((_, position) => position));
  return rows.map((_, position) => outcomes.get(position) as Outcome);
}
