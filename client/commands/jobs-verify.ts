/**
 * `jobs verify`: what Responsys really holds of a job's members. Reads only; personal data is masked but in
 * the file that `--csv` asks for.
 */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Drift } from '../../activities/delivery/drift.ts';
import { maskText } from '../../activities/delivery/mask.ts';
import { verifyMembers } from '../../activities/verification.ts';
import { ExpectedError, notValid } from '../../jobs/errors.ts';
import { findJob } from '../../systems/store/jobs.ts';
import { runs } from '../command.ts';
import { csvCell } from '../csv-cell.ts';
import { refuseLacking } from '../kinds/lacking.ts';
import { responsysFailure } from '../responsys-failure.ts';

const mostSampled = 10_000;

export function addVerifyCommand(jobs: Command): void {
  runs<{ sample: string; csv?: string }>(
    jobs
      .command('verify')
      .argument('<job>')
      .option('--sample <members>', 'how many accepted members to read back', '200')
      .option('--csv <file>', 'write what differs, with the values in clear')
      .description('read members back from Responsys and show what differs; ends with 6 where anything does'),
    async ({ context, output, options }, name = '') => {
      const sample = sampleOf(options.sample);
      const store = await context.store();
      await refuseLacking(store, 'verify', name);
      const { id, label, plan, configuration, authorizationId } = await findJob(store, name);
      if (plan === null)
        throw new ExpectedError(
          'NOT_NOW',
          `The job "${label}" has not been checked against the account yet.`,
        );
      const responsys = await (await context.connections()).responsys(authorizationId);
      const found = await verifyMembers(store, responsys, { id, plan }, sample).catch((error: unknown) => {
        throw responsysFailure(error);
      });
      const { compared, changedSince, drifts } = found;
      output.result({ compared, changedSince, drifts: drifts.map(masked) });
      output.line(
        `${compared} accepted members compared${changedSince === 0 ? '' : `; ${changedSince} changed since and are yet to be sent`}.`,
      );
      if (configuration.updateOnMatch === 'NO_UPDATE')
        output.line('Note: updateOnMatch is NO_UPDATE, so records that were there before keep their values.');
      if (options.csv !== undefined) {
        await writeDrifts(options.csv, drifts);
        output.line(`${drifts.length} differences written to ${options.csv}.`);
      }
      if (drifts.length === 0) {
        output.line('No drift.');
        return;
      }
      output.table(
        ['profile', 'what', 'target', 'column', 'expected', 'found'],
        drifts.map((drift) => cellsOf(masked(drift))),
      );
      const drifted = new Set(drifts.map(({ profileId }) => profileId)).size;
      throw new ExpectedError('DRIFT', `${drifted} of ${compared} members differ from what was sent.`);
    },
  );
}

function sampleOf(text: string): number {
  const sample = Number(text);
  if (Number.isInteger(sample) && sample >= 1 && sample <= mostSampled) return sample;
  throw notValid('--sample', `"${text}" is no number from 1 to ${mostSampled}`);
}

const isPersonal = ({ kind }: Drift): boolean => kind === 'identifier' || kind === 'field';

const masked = (drift: Drift): Drift =>
  isPersonal(drift) ? { ...drift, expected: maskText(drift.expected), found: maskText(drift.found) } : drift;

const cellsOf = (drift: Drift): readonly string[] => [
  drift.profileId,
  drift.kind,
  drift.target,
  drift.column,
  drift.expected,
  drift.found,
];

async function writeDrifts(path: string, drifts: readonly Drift[]): Promise<void> {
  const lines = [['profile', 'what', 'target', 'column', 'expected', 'found'], ...drifts.map(cellsOf)];
  const text = lines.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
  await writeFile(path, text, { mode: 0o600 });
}
