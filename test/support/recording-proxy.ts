import { connect, createServer, type Socket } from 'node:net';
import { APIS } from '../../src/protocol/kafka/messages/table.js';
import type { RecordedFrame } from './recorded-frame.js';

/** Cuts a stream of frames, each behind its size. */
function frames(each: (frame: Buffer) => void): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const end = 4 + held.readInt32BE(0);
      each(held.subarray(4, end));
      held = held.subarray(end);
    }
  };
}

/** Stands before a broker on `port` and hands on every byte; `seen` gets each request and its response. */
export async function startRecordingProxy(options: {
  readonly port: number;
  readonly brokerPort: number;
  readonly seen: (frame: RecordedFrame) => void;
}): Promise<{ stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const broker = connect(options.brokerPort, '127.0.0.1');
    const waiting = new Map<number, { api: string; version: number }>();
    const onRequest = frames((frame) => {
      const [key, version, correlationId] = [frame.readInt16BE(0), frame.readInt16BE(2), frame.readInt32BE(4)];
      const api = APIS.find((one) => one.key === key);
      if (api === undefined) return;
      waiting.set(correlationId, { api: api.name, version });
      options.seen({ api: api.name, version, direction: 'request', bytes: frame.toString('base64') });
    });
    const onResponse = frames((frame) => {
      const about = waiting.get(frame.readInt32BE(0));
      waiting.delete(frame.readInt32BE(0));
      const refused = about?.api === 'ApiVersions' && frame.readInt16BE(4) !== 0;
      if (about !== undefined && !refused)
        options.seen({ ...about, direction: 'response', bytes: frame.toString('base64') });
    });
    client.on('data', onRequest);
    broker.on('data', onResponse);
    client.pipe(broker).pipe(client);
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(options.port, '127.0.0.1', () => resolve()));
  return {
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
