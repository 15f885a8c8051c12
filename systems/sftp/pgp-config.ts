/** How PGP messages and keys are read. */
import type { PartialConfig } from 'openpgp';

export const pgpConfig: PartialConfig = {
  // Decrypted text comes as it is read: a whole file would not fit. It is proven before any row is used.
  allowUnauthenticatedStream: true,
  // What gpg from 2.3 on writes to keys that say they can take it.
  enableParsingV5Entities: true,
};
