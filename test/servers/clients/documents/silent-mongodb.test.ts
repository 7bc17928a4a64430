import { type AddressInfo, createServer, type Socket } from 'node:net';
import { BSON } from 'mongodb';
import { afterAll, expect, it } from 'vitest';
import { openMongoDocuments } from '../../../../src/clients/documents/mongodb.js';

/** As much of MongoDB as a driver asks before it reads: it says who it is, and falls silent with the first `find`. */
const sockets = new Set<Socket>();
let silent = false;
const HELLO = { helloOk: true, isWritablePrimary: true, ismaster: true, minWireVersion: 0, maxWireVersion: 21, ok: 1 };
const OP_REPLY = 1;
const OP_QUERY = 2_004;
const OP_MSG = 2_013;

const server = createServer((socket) => {
  sockets.add(socket.on('error', () => {}));
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 16 && received.length >= received.readInt32LE(0)) {
      const message = received.subarray(0, received.readInt32LE(0));
      received = received.subarray(message.length);
      const command = commandOf(message);
      silent ||= 'find' in command;
      if (!silent) socket.write(answer(message, 'ping' in command ? { ok: 1 } : HELLO));
    }
  });
});

function commandOf(message: Buffer): object {
  if (message.readInt32LE(12) === OP_MSG) return BSON.deserialize(message.subarray(21));
  const names = message.indexOf(0, 20) + 1;
  return BSON.deserialize(message.subarray(names + 8));
}

function answer(message: Buffer, document: object): Buffer {
  const isQuery = message.readInt32LE(12) === OP_QUERY;
  const head = Buffer.alloc(isQuery ? 36 : 21);
  const body = BSON.serialize(document);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(message.readInt32LE(4), 8);
  head.writeInt32LE(isQuery ? OP_REPLY : OP_MSG, 12);
  if (isQuery) head.writeInt32LE(1, 32); // one document
  return Buffer.concat([head, body]);
}

afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

it('a MongoDB that falls silent in the middle is named, and closing does not wait for it', async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const documents = await openMongoDocuments(`mongodb://127.0.0.1:${port}/shop`);
  const query = { collection: 'orders', paths: ['id'], where: {} };
  await expect(documents.find(query, [])).rejects.toMatchObject({
    code: 'EVPIPE_MONGODB_SILENT',
    message: `MongoDB at 127.0.0.1:${port}/shop has stopped answering`,
    kind: 'unreachable',
  });
  await documents.close();
});
