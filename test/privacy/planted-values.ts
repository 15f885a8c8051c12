/**
 * Canaries for the jobs of one test: a value unlike any other for each personal field and each secret. An
 * address stands twice, whole (for its hashes) and by the part that nothing else has.
 */
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import type { Canary } from './search.ts';

export interface PlantedValues {
  /** A value that is planted under this name; the same for the same name. */
  text(name: string): string;
  /** An address whose local part is the canary. @param domain a bad one has Responsys refuse it */
  address(name: string, domain?: string): string;
  /** A value that was made elsewhere, as keys are: of a longer text each long line on its own. */
  add(name: string, value: string): void;
  all(): readonly Canary[];
}

/** Lines shorter than this, as `-----END`, are those of any key. */
const ownLine = 40;

export function plantedValues(): PlantedValues {
  const values = new Map<string, string>();
  const text = (name: string): string => {
    const known = values.get(name);
    if (known !== undefined) return known;
    const made = `k${randomBytes(8).toString('hex')}`;
    values.set(name, made);
    return made;
  };
  return {
    text,
    address(name, domain = 'example.com') {
      const address = `${text(name)}@${domain}`;
      values.set(`${name}, whole`, address);
      return address;
    },
    add(name, value) {
      const lines = value.split('\n').map((line) => line.trim());
      if (lines.length === 1) values.set(name, value);
      else
        lines
          .filter((line) => line.length >= ownLine && !line.startsWith('-----'))
          .forEach((line, at) => values.set(`${name}, line ${at + 1}`, line));
    },
    all: () => [...values].map(([name, value]) => ({ name, value })),
  };
}

/** The tokens that the sandbox holds at this moment: read from a copy, for it keeps its database locked. */
export function tokensOf(dataFolder: string): readonly string[] {
  const copy = mkdtempSync(join(tmpdir(), 'lytics-responsys-tokens-'));
  try {
    for (const name of ['sandbox.sqlite', 'sandbox.sqlite-wal'])
      if (existsSync(join(dataFolder, name))) copyFileSync(join(dataFolder, name), join(copy, name));
    const database = new DatabaseSync(join(copy, 'sandbox.sqlite'));
    const rows = database.prepare('SELECT token FROM tokens').all();
    database.close();
    return rows.map(({ token }) => String(token));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
