/**
 * One bad row never takes its neighbours down: when a whole request is refused for a row, the row is found
 * and set aside, and the rest is sent. Pure: the sending is given.
 *
 * What always holds: a row is set aside only when a refusal named it, or a request of it alone was refused.
 * A taken row is sent once.
 *
 * Requests beyond the first, for n rows of which k are bad:
 * - refusals that name the row: one for each bad row;
 * - none named, k up to 3: k × (⌈log₂ n⌉ + 2); the bad row is searched by halving, the rest goes together;
 * - none named, more: three such searches, then both halves of all that is left, at most 2n;
 * - none named, and nothing taken in the first search: one row alone from the midst of the rest; where that is
 *   refused too, the batch is bad throughout, and its halves come at once: at most 2n + ⌈log₂ n⌉ when all are bad;
 * - where the request is in doubt (below), at most `probes` + 1 besides.
 *
 * A refusal that names no row may also be the request's own fault (a bad merge rule), which no narrowing
 * mends. As long as not one row was taken, and the words are not known to be about a row, single rows are
 * tried after the first search; when `probes` of them are refused alone, all in the same words, the request
 * is at fault and its error is thrown, after at most ⌈log₂ n⌉ + 9 requests. So with fewer than `probes`
 * bad rows it is never thrown, and so small a batch has its rows set aside, each with its words.
 */

/** Why a request was refused, as far as it may be a row's fault. */
export interface Refusal {
  /** Of the row in the request that was refused, from 0; undefined where none is named. */
  readonly index: number | undefined;
  readonly words: string;
  /** Whether the words leave no doubt that a row is at fault, not the request. */
  readonly aboutARow: boolean;
  /** Thrown when the request turns out to be at fault. */
  readonly error: Error;
}

export type SendResult<Outcome> = { readonly outcomes: readonly Outcome[] } | { readonly refusal: Refusal };

/** Bad rows that are searched for one by one, before a batch is taken to be bad throughout. */
const fewBadRows = 3;

/** Rows refused alone, in the same words, before the request is taken to be at fault. */
const probes = 8;

type Positions = readonly number[];

const onlyOf = (positions: Positions): number | undefined =>
  positions.length === 1 ? positions[0] : undefined;

const halves = (positions: Positions): readonly [Positions, Positions] => {
  const middle = Math.ceil(positions.length / 2);
  return [positions.slice(0, middle), positions.slice(middle)];
};

/** At most `count` of the positions, spread over all of them. */
const spread = (positions: Positions, count: number): Positions =>
  positions.filter(
    (_, index) =>
      Math.floor((index * count) / positions.length) !== Math.floor(((index - 1) * count) / positions.length),
  );

/**
 * @param send sends some of the rows, in their order; throws what is certainly no row's fault
 * @param reject makes the outcome of a row that is set aside
 * @returns the outcome of each row, in the rows' order
 * @throws the error of a refusal, when the request itself is at fault
 */
export async function narrow<Row, Outcome>(
  rows: readonly Row[],
  send: (rows: readonly Row[]) => Promise<SendResult<Outcome>>,
  reject: (words: string) => Outcome,
): Promise<readonly Outcome[]> {
  const outcomes = new Map<number, Outcome>();
  /** Words of the rows that were refused alone. */
  const refusedAlone: string[] = [];
  /** Whether the request may be at fault: until a row is taken, or known to be the reason. */
  let doubtful = true;
  /** Whether any row was. */
  let taken = false;

  async function attempt(positions: Positions): Promise<Refusal | undefined> {
    const result = await send(positions.map((position) => rows[position] as Row));
    if ('refusal' in result) {
      if (result.refusal.aboutARow) doubtful = false;
      if (positions.length === 1) refusedAlone.push(result.refusal.words);
      return result.refusal;
    }
    doubtful = false;
    taken = true;
    positions.forEach((position, index) => outcomes.set(position, result.outcomes[index] as Outcome));
    return undefined;
  }

  const setAside = (position: number, { words }: Refusal): void => void outcomes.set(position, reject(words));
  const unsettled = (positions: Positions): Positions =>
    positions.filter((position) => !outcomes.has(position));
  /** The row that a refusal is about; a request of one row names it by itself. */
  const named = (positions: Positions, { index }: Refusal): number | undefined =>
    index === undefined || positions.length === 1 ? onlyOf(positions) : positions[index];

  /** Sends rows of which nothing is known. */
  async function settle(positions: Positions): Promise<void> {
    let rest = positions;
    let searches = 0;
    while (rest.length > 0) {
      const refusal = await attempt(rest);
      if (refusal === undefined) return;
      const bad = named(rest, refusal);
      if (bad !== undefined) setAside(bad, refusal);
      else if (searches > 0 && doubtful) await probe(rest, refusal);
      else if (searches >= fewBadRows) return halve(rest);
      else {
        if (searches === 1 && !taken && (await isRefusedAlone(rest[rest.length >> 1])))
          return halve(unsettled(rest));
        searches += 1;
        await searchOne(unsettled(rest));
      }
      rest = unsettled(rest);
    }
  }

  async function isRefusedAlone(position: number | undefined): Promise<boolean> {
    if (position === undefined) return false;
    const refusal = await attempt([position]);
    if (refusal !== undefined) setAside(position, refusal);
    return refusal !== undefined;
  }

  /** Finds one bad row among rows that were refused without naming it, sending good ones on the way. */
  async function searchOne(refused: Positions): Promise<void> {
    let suspects = refused;
    while (suspects.length > 1) {
      const [left, right] = halves(suspects);
      const refusal = await attempt(left);
      const bad = refusal === undefined ? undefined : named(left, refusal);
      if (refusal !== undefined && bad !== undefined) {
        setAside(bad, refusal);
        return;
      }
      // The whole was refused and its left half taken: the right half should hold a bad row.
      suspects = refusal === undefined ? right : left;
    }
    await halve(suspects);
  }

  /** Tries single rows until one is taken, or it is clear whose fault the refusals are. */
  async function probe(positions: Positions, { error }: Refusal): Promise<void> {
    const inTheSameWords = (): boolean => new Set(refusedAlone).size <= 1;
    for (const position of spread(positions, probes - refusedAlone.length)) {
      await halve([position]);
      if (!doubtful || !inTheSameWords()) break;
    }
    if (doubtful && inTheSameWords() && refusedAlone.length >= probes) throw error;
    doubtful = false;
  }

  /** Rows of which many may be bad: both halves on their own. */
  async function halve(positions: Positions): Promise<void> {
    const parts = positions.length > 1 ? halves(positions) : [positions];
    for (const part of parts) {
      let rest = part;
      while (rest.length > 0) {
        const refusal = await attempt(rest);
        if (refusal === undefined) break;
        const bad = named(rest, refusal);
        if (bad === undefined) {
          await halve(rest);
          break;
        }
        setAside(bad, refusal);
        rest = unsettled(rest);
      }
    }
  }

  await settle(rows.map((_, position) => position));
  return rows.map((_, position) => outcomes.get(position) as Outcome);
}
