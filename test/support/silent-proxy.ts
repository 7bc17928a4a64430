import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const HOST = Buffer.from('127.0.0.1');

export interface SilentProxy {
  readonly port: number;
  /** That the server has sent so far, on all connections. */
  readonly bytes: number;
  stop(): Promise<void>;
}

/**
 * Stands before a server and hands on every byte, until the server has sent `bytesMost`: from then on it accepts and says nothing,
 * on all connections, as after a SIGSTOP. A broker's answers name its own address: they get the proxy's.
 */
export async function startSilentProxy(serverPort: number, bytesMost = Number.POSITIVE_INFINITY): Promise<SilentProxy> {
  const sockets = new Set<Socket>();
  let bytes = 0;
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1');
    client.on('data', (chunk) => {
      if (bytes < bytesMost) upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      const room = bytesMost - bytes;
      bytes += chunk.length;
      if (room > 0) client.write(withPort(chunk, serverPort, port).subarray(0, Math.min(room, chunk.length)));
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        if (bytes < bytesMost || other === upstream) other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    get bytes() {
      return bytes;
    },
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Kafka's messages have a host behind its length, and the port after it, as four bytes. */
function withPort(chunk: Buffer, from: number, to: number): Buffer {
  for (let at = chunk.indexOf(HOST); at >= 0; at = chunk.indexOf(HOST, at + 1)) {
    const end = at + HOST.length;
    if (end + 4 <= chunk.length && chunk.readInt32BE(end) === from) chunk.writeInt32BE(to, end);
  }
  return chunk;
}
