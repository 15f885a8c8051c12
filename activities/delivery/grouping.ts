/**
 * Groups rows into requests: a request has one set of columns, so that nothing is blanked by being left out,
 * and at most `size` rows. The order of the rows is kept.
 */

/** Splits `rows` by `keyOf`, each part into groups of at most `size`. */
export function groupRows<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  size: number,
): readonly (readonly Row[])[] {
  const open = new Map<string, Row[]>();
  const groups: Row[][] = [];
  for (const row of rows) {
    const key = keyOf(row);
    let group = open.get(key);
    if (group === undefined || group.length >= size) {
      group = [];
      open.set(key, group);
      groups.push(group);
    }
    group.push(row);
  }
  return groups;
}
