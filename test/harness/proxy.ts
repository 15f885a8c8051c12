/** A line to a server on this machine that stops when it has carried so much, and goes on or is cut. */
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A connection that carries nothing more for the moment. */
interface HeldConnection {
  goOn(): void;
  /** Ends it at once, as a cut cable would: nothing more comes, and nothing says goodbye. */
  cut(): void;
}

export interface Proxy {
  readonly port: number;
  /** The next connection to carry so many bytes from the server, at that moment: it is held. */
  heldAt(bytes: number): Promise<HeldConnection>;
  close(): Promise<void>;
}

export async function startProxy(serverPort: number): Promise<Proxy> {
  let next: { readonly bytes: number; readonly take: (held: HeldConnection) => void } | undefined;
  const open = new Set<() => void>();
  const proxy = createServer((near) => {
    const far = connect(serverPort, '127.0.0.1');
    let carried = 0;
    let isHeld = false;
    const cut = (): void => {
      open.delete(cut);
      near.resetAndDestroy();
      far.destroy();
    };
    open.add(cut);
    for (const side of [near, far]) side.on('error', cut).on('close', cut);
    near.pipe(far);
    far.on('data', (chunk: Buffer) => {
      carried += chunk.length;
      const isFull = !near.write(chunk);
      if (next !== undefined && carried >= next.bytes) {
        isHeld = true;
        const goOn = (): void => {
          isHeld = false;
          far.resume();
        };
        next.take({ goOn, cut });
        next = undefined;
      }
      if (isHeld || isFull) far.pause();
    });
    near.on('drain', () => {
      if (!isHeld) far.resume();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    port: (proxy.address() as AddressInfo).port,
    heldAt: (bytes) =>
      new Promise((take) => {
        next = { bytes, take };
      }),
    close: async () => {
      for (const cut of open) cut();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
