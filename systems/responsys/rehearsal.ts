/**
 * Merges that go nowhere: each request is made as it would be sent, handed to whoever listens, and answered
 * as if every row had been taken.
 */
import { openMerges } from './merges.ts';
import type { Merges } from './merges.ts';
import type { Request } from './transport.ts';

/** The RIID that a rehearsed list merge answers for every row. */
const anyRiid = '1';

export function rehearseMerges(listen: (request: Request) => void): Merges {
  return openMerges({
    call: (request) => {
      listen(request);
      const records = Array.from({ length: request.rows ?? 0 }, () => [anyRiid]);
      const body = { recordData: { fieldNames: ['RIID_'], records } };
      return Promise.resolve({ body, status: 200, correlationId: undefined, ms: 0 });
    },
  });
}
