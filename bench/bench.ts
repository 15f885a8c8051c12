/** What a measurement is. */

/** Takes what stops a server that was started: run when the measurement ends, however it does, and only once. */
export type AtEnd = (stop: () => Promise<void>) => void;

export type Bench = (folder: string, args: readonly string[], atEnd: AtEnd) => Promise<void>;
