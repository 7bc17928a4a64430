import type { Socket } from 'node:net';

/** A client that has said nothing by then is ended. */
const SILENT_MS = 10_000;
const HTTP_METHODS = /^(GET|HEAD|PUT|POST|DELETE|OPTIONS|PATCH) /;

/**
 * One port for two protocols: the first bytes of a connection tell whose it is, for AMQP begins with its name and HTTP with a
 * method. So the API is found where the broker is, whatever port that had to take.
 */
export function sortByProtocol(
  socket: Socket,
  serve: { amqp(socket: Socket): void; http(socket: Socket): void },
): void {
  const giveUp = (): void => void socket.destroy();
  const timer = setTimeout(giveUp, SILENT_MS);
  socket.on('error', giveUp);
  socket.on('close', () => clearTimeout(timer));
  socket.once('data', (first: Buffer) => {
    clearTimeout(timer);
    socket.off('error', giveUp);
    socket.pause();
    socket.unshift(first);
    if (HTTP_METHODS.test(first.toString('latin1', 0, 8))) serve.http(socket);
    else serve.amqp(socket);
    process.nextTick(() => socket.resume());
  });
}
