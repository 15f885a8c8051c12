/** Recorded histories replay against today's workflows: a job that runs survives the next worker. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { historyOfText } from './history-text.ts';
import type { History } from './history-text.ts';

const folder = join(import.meta.dirname, 'histories');
const names = readdirSync(folder).map((file) => file.replace(/\.json$/, ''));
const historyOf = (name: string): History =>
  historyOfText(readFileSync(join(folder, `${name}.json`), 'utf8'));
const replay = (workflowsPath: URL, name: string): Promise<void> =>
  Worker.runReplayHistory({ workflowsPath: workflowsPath.pathname }, historyOf(name));

const ways = [
  ...['happy', 'parked-and-resumed', 'paused', 'continued-as-new', 'stopped', 'cancelled'],
  ...['campaign-mailed', 'import-read'],
];

test('every way that a job goes is recorded', () => {
  assert.deepEqual(names.toSorted(), ways.toSorted());
});

for (const name of names)
  test(`a job that was ${name} replays (if this was meant: npm run record-histories)`, () =>
    replay(new URL('../../workflows/index.ts', import.meta.url), name));

test('a workflow that does something else first does not replay', async () => {
  await assert.rejects(
    replay(new URL('broken/index.ts', import.meta.url), 'happy'),
    DeterminismViolationError,
  );
});
