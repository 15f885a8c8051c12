/**
 * How commands show what they found: tables and sentences for people, JSON with `--json`.
 */
import Table from 'cli-table3';

export interface Output {
  readonly json: boolean;
  /** A line for people; not printed with --json. */
  line(text?: string): void;
  /** Rows for people; not printed with --json. */
  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void;
  /** What the command found, printed with --json alone. */
  result(value: unknown): void;
}

export function openOutput(
  json: boolean,
  write: (text: string) => void = (text) => process.stdout.write(text),
): Output {
  return {
    json,
    line: (text = '') => {
      if (!json) write(`${text}\n`);
    },
    table: (head, rows) => {
      if (!json) write(`${renderTable(head, rows)}\n`);
    },
    result: (value) => {
      if (json) write(`${JSON.stringify(value, null, 2)}\n`);
    },
  };
}

const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

function renderTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const numeric = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'),
  );
  const table = new Table({
    head: [...head],
    chars: noBorders,
    colAligns: numeric.map((isNumber) => (isNumber ? 'right' : 'left')),
    style: { head: process.stdout.isTTY ? ['bold'] : [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows)
    table.push(row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)));
  return table.toString();
}
