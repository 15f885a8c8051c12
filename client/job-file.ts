/**
 * Reads a job's file (YAML), and says of each fault which field, which value, and what would be right.
 */
import type { z } from 'zod';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { ExpectedError, notValid } from '../jobs/errors.ts';

/** @throws ExpectedError INPUT_NOT_VALID */
export const parseFile = async (path: string): Promise<unknown> => parseYaml(path, await readText(path));

/** @throws ExpectedError INPUT_NOT_VALID with every fault of the file, one a line */
export function checkFile<Output>(path: string, content: unknown, schema: z.ZodType<Output>): Output {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw notInFile(
    path,
    parsed.error.issues.map((issue) => {
      const field = issue.path.length === 0 ? 'file' : issue.path.join('.');
      return `${field}: ${issue.message}`;
    }),
  );
}

export const notInFile = (path: string, faults: readonly string[]): ExpectedError =>
  new ExpectedError('INPUT_NOT_VALID', `${path}\n  ${faults.join('\n  ')}`);

export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw notValid(path, code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`);
  }
}

function parseYaml(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw notValid(
      path,
      error instanceof Error ? `is no YAML: ${error.message.split('\n')[0] ?? ''}` : 'is no YAML',
    );
  }
}
