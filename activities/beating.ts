/** A step beats while it works, so that the death of its worker, or a pause, is noticed within seconds. */
import { heartbeat } from '@temporalio/activity';

const heartbeatEveryMs = 2_000;

export async function beating<Result>(work: () => Promise<Result>): Promise<Result> {
  heartbeat();
  const timer = setInterval(() => heartbeat(), heartbeatEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
