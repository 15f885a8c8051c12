/**
 * Reads a job's file (YAML), and says of each fault which field, which value, and what would be right.
 */
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { ExpectedError, notValid } from '../jobs/errors.ts';
import { exportAudienceSchema } from '../jobs/export-audience.ts';
import type { ExportAudienceConfiguration } from '../jobs/export-audience.ts';
import { importActivitySchema } from '../jobs/import-activity.ts';
import type { ImportActivityConfiguration } from '../jobs/import-activity.ts';

/** @throws ExpectedError INPUT_NOT_VALID with every fault of the file, one a line */
export const readJobFile = async (path: string): Promise<ExportAudienceConfiguration> =>
  check(path, parseYaml(path, await readText(path)), exportAudienceSchema);

/** An import, or undefined where the file says another kind of job. @throws ExpectedError INPUT_NOT_VALID */
export async function readImportFile(path: string): Promise<ImportActivityConfiguration | undefined> {
  const content = parseYaml(path, await readText(path));
  const kind = typeof content === 'object' && content !== null && 'job' in content ? content.job : undefined;
  if (kind !== 'import-activity') return undefined;
  const configuration = check(path, content, importActivitySchema);
  if (configuration.mapping === undefined) return configuration;
  // Its text: a worker on another machine has no such file.
  return { ...configuration, mapping: await readText(resolve(dirname(path), configuration.mapping)) };
}

function check<Output>(path: string, content: unknown, schema: z.ZodType<Output>): Output {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    const field = issue.path.length === 0 ? 'file' : issue.path.join('.');
    return `${field}: ${issue.message}`;
  });
  throw new ExpectedError('INPUT_NOT_VALID', `${path}\n  ${faults.join('\n  ')}`);
}

async function readText(path: string): Promise<string> {
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
