/** Tables of what was measured, with the machine and how busy it was. */
import { cpus, loadavg } from 'node:os';
import Table from 'cli-table3';

export const number = (value: number, digits = 0): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

export const megabytes = (bytes: number | undefined): string =>
  bytes === undefined ? '' : `${number(bytes / 2 ** 20)} MB`;

/** The first column is text, the others are numbers. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  for (const row of rows) table.push([...row]);
  process.stdout.write(`${table.toString()}\n`);
}

export function printMachine(): void {
  const [cpu] = cpus();
  const [load = 0] = loadavg();
  process.stdout.write(
    `${cpus().length} cores (${cpu?.model.trim() ?? '?'}), Node ${process.version}, ` +
      `${process.platform}-${process.arch}; load at the end ${load.toFixed(1)}\n`,
  );
}
