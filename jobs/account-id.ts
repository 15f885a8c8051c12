/**
 * The id of a Responsys account, as the names of its event files begin with it: of two accounts, the same RIID
 * is two records.
 */
import { z } from 'zod';

/** A number is taken as its digits. */
export const accountId = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(
    z
      .string()
      .trim()
      .regex(/^\d{1,19}$/, {
        error: ({ input }) =>
          `${JSON.stringify(input)} is no account id: it is the number with which the files’ names begin`,
      }),
  );
