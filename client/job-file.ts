/**
 * Reads a job's file (YAML), and says of each fault which field, which value, and what would be right.
 */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { ExpectedError, notValid } from '../jobs/errors.ts';
import { exportAudienceSchema } from '../jobs/export-audience.ts';
import type { ExportAudienceConfiguration } from '../jobs/export-audience.ts';

/** @throws ExpectedError INPUT_NOT_VALID with every fault of the file, one a line */
export async function readJobFile(path: string): Promise<ExportAudienceConfiguration> {
  const parsed = exportAudienceSchema.safeParse(parseYaml(path, await readText(path)));
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
