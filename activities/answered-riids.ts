/**
 * The RIIDs that a profile list answered, as far as the profiles do not have them yet.
 */
import { newRiids } from '../systems/store/answered-riids.ts';
import type { Pool } from '../systems/store/database.ts';
import { accountOfRiids } from '../systems/store/event-accounts.ts';
import type { HashKeys } from '../systems/store/identities.ts';
import type { LedgerLine } from '../systems/store/ledger.ts';

export async function answeredRiids(
  store: Pool,
  hashKeys: () => Promise<HashKeys>,
  authorizationId: string,
  lines: readonly LedgerLine[],
) {
  const accountId = await accountOfRiids(store, authorizationId);
  if (accountId === undefined) return { accountId: null, riids: [] };
  const at = new Date();
  const answered = lines.flatMap(({ profileId, riid }) =>
    riid === undefined ? [] : [{ profileId, riid, at }],
  );
  const riids = answered.length === 0 ? [] : await newRiids(store, await hashKeys(), accountId, answered);
  return { accountId, riids };
}
