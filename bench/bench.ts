/** What a measurement is. */

/** @param atEnd takes what stops a server that was started: run when the measurement ends, however it does */
export type Bench = (
  folder: string,
  args: readonly string[],
  atEnd: (stop: () => Promise<void>) => void,
) => Promise<void>;
