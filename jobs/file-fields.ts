/**
 * What the files of jobs have in common: names, tables, shares, and lists of names that are bounded. Each
 * fault says what was given and what would be right.
 */
import { z } from 'zod';
import { columnNameFault } from './column-name.ts';

export const name = z.string().trim().min(1, 'is required');
export const tableName = name.superRefine((value, context) => {
  const fault = columnNameFault(value);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: `"${value}" ${fault}` });
});

/** `20%`, read as 20. */
export const percent = z.string().transform((text, context) => {
  const share = Number(/^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim())?.[1] ?? Number.NaN);
  if (share > 0 && share <= 100) return share;
  context.addIssue({ code: 'custom', message: `"${text}" is no share from 1% to 100%, such as 20%` });
  return z.NEVER;
});

export const upTo = (most: number, what: string): z.ZodDefault<z.ZodArray<typeof name>> =>
  z
    .array(name)
    .max(most, {
      error: (issue) =>
        `has ${String((issue.input as readonly unknown[]).length)} ${what}, up to ${most} are allowed`,
    })
    .default([]);

/** Responsys tells columns apart by more than case. */
export function uniqueColumns(
  names: readonly string[],
  field: string,
  fault: (field: string, message: string) => void,
): void {
  const seen = new Set<string>();
  for (const one of names) {
    if (seen.has(one.toUpperCase()))
      fault(field, `"${one}" is named twice; columns differ in more than case`);
    seen.add(one.toUpperCase());
  }
}
