/**
 * Makes an extension table, once.
 */
import { sameName } from '../jobs/column-name.ts';
import type { NewTable } from '../jobs/export-plan.ts';
import type { Responsys } from '../systems/responsys/index.ts';

/**
 * Whatever goes wrong, the account is asked whether the table is there now: an answer that was lost, or
 * another job that was faster, has done what was wanted.
 */
export async function makeTable(
  responsys: Responsys,
  list: string,
  table: NewTable,
  signal: AbortSignal,
): Promise<void> {
  try {
    await responsys.createExtensionTable(list, table, signal);
  } catch (error) {
    const tables = await responsys.extensionTables(list, signal);
    const made = tables.find((one) => sameName(one.name, table.name));
    const has = (name: string): boolean => made?.fields.some((field) => sameName(field.name, name)) === true;
    if (!table.fields.every((field) => has(field.name))) throw error;
  }
}
