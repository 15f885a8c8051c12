/** Whether the rows and faults of a text account for each of its lines. Told apart from how the rows are read. */
import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { isBad } from '../../../../systems/sftp/rows/reading.ts';
import type { RowItem } from '../../../../systems/sftp/rows/reading.ts';

/** Lines of a text as people see them; line 1 is at 0. */
function linesOf(bytes: Buffer): readonly string[] {
  const lines = bytes.toString('latin1').split(/\r\n|\n|\r/);
  return lines.map((line, at) => {
    const own = Buffer.from(line, 'latin1');
    const decoded = isUtf8(own) ? own.toString() : line;
    return at === 0 ? decoded.replace(/^\uFEFF/, '') : decoded;
  });
}

const isBlank = (line: string): boolean => line.trim() === '';

export function assertAccounted(bytes: Buffer, items: readonly RowItem[]): void {
  const lines = linesOf(bytes);
  for (const [at, { line }] of items.entries())
    assert.ok(line >= (items[at - 1]?.line ?? 1) && line <= lines.length, `an item of line ${line}`);
  // What the reading layers take for blank in front of JSON: all control characters.
  const start = (lines.find((line) => /[^\0- ]/.test(line)) ?? '').replace(/^[\0- ]+/, '');
  if (start.startsWith('[')) assertArray(bytes, items);
  else if (start.startsWith('{')) assertJsonLines(lines, items);
  else assertDelimited(lines, items);
}

function assertJsonLines(lines: readonly string[], items: readonly RowItem[]): void {
  const expected = lines.flatMap((line, at) => (isBlank(line) ? [] : [at + 1]));
  assert.deepEqual(
    items.map(({ line }) => line),
    expected,
  );
}

function assertDelimited(lines: readonly string[], items: readonly RowItem[]): void {
  const header = lines.findIndex((line) => !isBlank(line));
  const open = new Set(lines.flatMap((line, at) => (isBlank(line) ? [] : [at + 1])));
  // A header in quotes may run over lines; what is behind it is the first item's.
  const headerEnd = lines[header]?.includes('"') === true ? (items[0]?.line ?? Infinity) - 1 : header + 1;
  for (const line of open) if (line <= headerEnd) open.delete(line);
  for (const [at, item] of items.entries()) {
    // A row over several lines may have a NUL in one of them.
    const isNul = isBad(item) && item.reason.includes('NUL');
    const more = isBad(item)
      ? isNul
        ? (items[at + 1]?.line ?? lines.length + 1) - item.line - 1
        : 0
      : item.cells.reduce((count, cell) => count + (cell?.split('\n').length ?? 1) - 1, 0);
    assert.ok(open.delete(item.line), `line ${item.line} is told twice, or is blank`);
    for (let line = item.line + 1; line <= item.line + more; line++) open.delete(line);
  }
  assert.deepEqual([...open], [], 'lines that nothing is told of');
}

function assertArray(bytes: Buffer, items: readonly RowItem[]): void {
  let whole: unknown;
  try {
    whole = JSON.parse(bytes.toString().replace(/^\uFEFF/, ''));
  } catch {
    return;
  }
  if (!Array.isArray(whole)) return;
  const isObject = (one: unknown): boolean => typeof one === 'object' && one !== null && !Array.isArray(one);
  if (whole.every(isObject)) assert.equal(items.length, whole.length);
}
