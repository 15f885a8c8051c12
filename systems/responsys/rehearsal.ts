/**
 * Merges and triggers that go nowhere: each request is made as it would be sent, handed to whoever listens, and
 * answered as if every row had been taken, and every mail sent.
 */
import { openMerges } from './merges.ts';
import type { Merges } from './merges.ts';
import type { Request } from './transport.ts';
import { triggerEmail } from './trigger.ts';
import type { Triggers } from './trigger.ts';

export type RehearsedRequest = Pick<Request, 'method' | 'path' | 'rows' | 'body'>;

/** The RIID that a rehearsed list merge answers for every row. */
const anyRiid = '1';

const answered = (body: unknown) => Promise.resolve({ body, status: 200, correlationId: undefined, ms: 0 });

export function rehearseMerges(listen: (request: RehearsedRequest) => void): Merges {
  return openMerges({
    call: (request) => {
      listen(request);
      const records = Array.from({ length: request.rows ?? 0 }, () => [anyRiid]);
      return answered({ recordData: { fieldNames: ['RIID_'], records } });
    },
  });
}

export function rehearseTriggers(listen: (request: RehearsedRequest) => void): Triggers {
  const call = (request: Request) => {
    listen(request);
    const element = { success: true, recipientId: Number(anyRiid), errorMessage: null };
    return answered(Array.from({ length: request.rows ?? 0 }, () => element));
  };
  return {
    triggerEmail: (campaign, recipients, signal) => triggerEmail({ call }, campaign, recipients, signal),
  };
}
