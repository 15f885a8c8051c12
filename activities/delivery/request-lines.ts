/**
 * The requests that a merge made, as lines of the ledger.
 */
import type { MergeResult } from '../../systems/responsys/index.ts';
import type { RequestLine, Target } from '../../systems/store/ledger.ts';

export function noteRequests(requests: RequestLine[], target: Target, result: MergeResult): void {
  for (const { rows, status, errorCode, correlationId, ms } of result.requests) {
    requests.push({
      target,
      rows,
      status,
      durationMs: ms,
      ...(errorCode === undefined ? {} : { errorCode }),
      ...(correlationId === undefined ? {} : { correlationId }),
    });
  }
}
