/**
 * Counts tests as a reader would: each test that has no tests in it, once. Suites and tests that only hold
 * others are not counted, but for a fault of their own.
 */
interface TestEvent {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string | undefined;
  readonly skip?: string | boolean | undefined;
  readonly todo?: string | boolean | undefined;
  readonly details: { readonly type?: string | undefined; readonly error?: unknown };
}

interface Tally {
  passed: number;
  failed: number;
  /** With the reason of each, where it was given. */
  readonly skipped: { readonly name: string; readonly reason: string }[];
}

export interface TallyKeeper {
  readonly tally: Tally;
  pass(event: TestEvent): void;
  fail(event: TestEvent): void;
}

/** Takes node:test's events `test:pass` and `test:fail` in their order, which has children before parents. */
export function keepTally(): TallyKeeper {
  const tally: Tally = { passed: 0, failed: 0, skipped: [] };
  const lastNesting = new Map<string | undefined, number>();

  function isLeaf({ file, nesting, details }: TestEvent): boolean {
    const holdsOthers = (lastNesting.get(file) ?? 0) > nesting;
    lastNesting.set(file, nesting);
    return !holdsOthers && details.type !== 'suite';
  }

  function skips({ name, skip, todo }: TestEvent): boolean {
    const given = isGiven(skip) ? skip : isGiven(todo) ? todo : undefined;
    if (given === undefined) return false;
    tally.skipped.push({
      name,
      reason: typeof given === 'string' && given !== '' ? given : 'no reason given',
    });
    return true;
  }

  return {
    tally,
    pass(event) {
      const leaf = isLeaf(event);
      if (skips(event)) return;
      if (leaf) tally.passed += 1;
    },
    fail(event) {
      const leaf = isLeaf(event);
      if (isGiven(event.todo)) skips(event);
      else if (leaf || !failedByOthers(event.details.error)) tally.failed += 1;
    },
  };
}

/** node:test gives an empty string for a skip without a reason. */
const isGiven = (mark: string | boolean | undefined): boolean => mark !== undefined && mark !== false;

/** A suite or test that failed only since one in it did. */
const failedByOthers = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'failureType' in error &&
  error.failureType === 'subtestsFailed';
