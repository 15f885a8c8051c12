/** For tests of what comes after the governor: every call goes at once. */
import type { Governor } from '../../../systems/responsys/index.ts';

export const ungoverned: Governor = { run: (_, __, call) => call() };
