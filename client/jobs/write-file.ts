/**
 * Writes a job's file, and never over another one unasked.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { confirm, input } from '@inquirer/prompts';
import { stringify } from 'yaml';
import { notValid } from '../../jobs/errors.ts';
import type { JobAnswers } from '../kinds/kind.ts';

/** @returns its path, or undefined where a file of that name is to stay */
export async function writeJobFile(
  answers: JobAnswers,
  label: string,
  given: string | undefined,
): Promise<string | undefined> {
  const suggested = `${
    label
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'job'
  }.yaml`;
  const path = given ?? (await input({ message: 'Write it to the file', default: suggested }));
  const overwrite = !existsSync(path) || (await confirm({ message: `Replace ${path}?`, default: false }));
  if (!overwrite) return undefined;
  try {
    await writeFile(path, stringify(answers));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw notValid('--file', `${path} cannot be written (${code})`);
  }
  return path;
}
