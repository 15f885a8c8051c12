/**
 * The demo's people: generated, the same on every run; some with an address that Responsys refuses, some
 * who have opted out.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

const firstNames = ['Ann', 'Björn', 'Chloé', 'Dimitri', 'Esra', 'Femke', 'Grace', 'Hiro', 'Inés', 'Jonas'];
const tiers = ['bronze', 'silver', 'gold'];
/** Addresses that pass for one at a glance, and that Responsys refuses. */
const badDomains = ['example', 'exam ple.com', '.example.com', 'example..com', 'example.com.'];

export interface People {
  readonly members: number;
  readonly refused: number;
  readonly optedOut: number;
}

export const emailOf = (number: number): string => `person${number}@example.com`;

/** Writes a CSV file: every fiftieth person has a bad address, every fortieth has opted out. */
export async function writePeople(path: string, members: number): Promise<People> {
  const file = createWriteStream(path);
  let refused = 0;
  let optedOut = 0;
  file.write('email,first_name,loyalty_tier,visits:int,email_last_opt_out_ts:date\n');
  for (let number = 1; number <= members; number++) {
    const isBad = number % 50 === 0;
    const isOut = !isBad && number % 40 === 7;
    refused += isBad ? 1 : 0;
    optedOut += isOut ? 1 : 0;
    const email = isBad
      ? `person${number}@${badDomains[(number / 50) % badDomains.length] ?? ''}`
      : emailOf(number);
    // Every third person has no tier: what is missing must be left out, not blanked.
    const tier = number % 3 === 0 ? '' : (tiers[number % tiers.length] ?? '');
    const cells = [
      email,
      firstNames[number % firstNames.length],
      tier,
      number % 90,
      isOut ? '2026-01-15T09:30:00Z' : '',
    ];
    if (!file.write(`${cells.join(',')}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
  return { members, refused, optedOut };
}
