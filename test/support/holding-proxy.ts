import { connect, createServer, type Socket } from 'node:net';

export interface HoldingProxy {
  readonly port: number;
  /** From now on the first connection that says this gets no answer. Resolves once there is one. */
  hold(said: string): Promise<{
    /** What it has said goes to the server. */
    release(): void;
    /** Another connection was closed by its client after it. */
    readonly otherClosed: Promise<void>;
  }>;
  stop(): Promise<void>;
}

/** Stands before a server, and can stop one connection at a moment that a test chooses. */
export async function startHoldingProxy(serverPort: number): Promise<HoldingProxy> {
  const sockets = new Set<Socket>();
  let waiting: { said: string; found(held: Awaited<ReturnType<HoldingProxy['hold']>>): void } | undefined;
  let closed = (): void => {};
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1');
    client.on('data', (chunk) => {
      if (waiting === undefined || !chunk.includes(waiting.said)) return void upstream.write(chunk);
      const otherClosed = new Promise<void>((resolve) => {
        closed = resolve;
      });
      waiting.found({ release: () => void upstream.write(chunk), otherClosed });
      waiting = undefined;
    });
    client.on('close', () => closed());
    upstream.on('data', (chunk) => client.write(chunk));
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    hold: (said) =>
      new Promise((found) => {
        waiting = { said, found };
      }),
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
