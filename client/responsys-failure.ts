/**
 * What a command says when Responsys refuses or cannot be reached.
 */
import { codeOfResponsysError } from '../activities/failures.ts';
import { ExpectedError } from '../jobs/errors.ts';
import { ResponsysError } from '../systems/responsys/index.ts';

export function responsysFailure(error: unknown): unknown {
  if (!(error instanceof ResponsysError)) return error;
  return new ExpectedError(codeOfResponsysError(error), `${error.message}.`);
}
