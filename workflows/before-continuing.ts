/**
 * What a run awaits before it continues as new, so that it takes every signal and update along.
 *
 * Where the server refuses the end of a run, since a message came meanwhile, the run is replayed. Did a local
 * activity lead to the end, the SDK (1.24) replays its marker, and with it the end and what is carried over,
 * before it hands over the message: that would be lost. A timer is an event of the server's: whatever came
 * before its own end is handed over first.
 */
import { sleep } from '@temporalio/workflow';

export const beforeContinuing = (): Promise<void> => sleep(1, { summary: 'take along what has just come' });
