/**
 * The requests that a merge or a trigger made, as lines of the ledger.
 */
import type { MergeResult } from '../../systems/responsys/index.ts';
import type { RequestLine, RequestTarget } from '../../systems/store/ledger.ts';

export function noteRequests<To extends RequestTarget>(
  requests: RequestLine<To>[],
  target: To,
  result: Pick<MergeResult, 'requests'>,
): void {
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
