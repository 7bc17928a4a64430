import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { LineCutter, type Method, type Methods, type Request, type Response, type WireError } from './messages.js';

export type Handlers = {
  readonly [M in Method]: (params: Methods[M]['params']) => Promise<Methods[M]['result']>;
};

/** Listens on the private socket (0600 in a 0700 folder: only its owner gets to it). */
export async function serveSocket(path: string, handlers: Handlers): Promise<Server> {
  rmSync(path, { force: true }); // the lock is ours, so the previous listener is gone
  const server = createServer((socket) => serveConnection(socket, handlers));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return server;
}

function serveConnection(socket: Socket, handlers: Handlers): void {
  const lines = new LineCutter();
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: string) => {
    try {
      for (const line of lines.push(chunk)) void answer(JSON.parse(line) as Request, handlers, socket);
    } catch {
      socket.destroy(); // not our protocol
    }
  });
}

async function answer(request: Request, handlers: Handlers, socket: Socket): Promise<void> {
  const handler = handlers[request.method] as ((params: unknown) => Promise<unknown>) | undefined;
  let response: Response;
  try {
    if (handler === undefined) throw new EvpipeError('EVPIPE_METHOD_UNKNOWN', `no method ${request.method}`);
    response = { id: request.id, result: await handler(request.params) };
  } catch (failure) {
    response = { id: request.id, error: wireError(failure) };
  }
  if (!socket.destroyed) socket.write(`${JSON.stringify(response)}\n`);
}

function wireError(failure: unknown): WireError {
  if (!(failure instanceof EvpipeError))
    return { code: 'EVPIPE_SUPERVISOR', message: messageOf(failure), kind: 'failed' };
  const { code, message, kind, todo } = failure;
  return { code, message, kind, ...(todo !== undefined && { todo }) };
}
