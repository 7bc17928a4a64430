import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';

/** Connections that have not been accepted yet: tests and drivers open hundreds at once. */
const BACKLOG = 1024;

/** Resolves with the port once the server accepts connections; port 0: any free one. Rejects as the system does (EADDRINUSE, EACCES). */
export function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** No new connection from now on; resolves when those that are open have ended. */
export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Running requests have `graceMs` to end; idle connections are closed at once. */
export async function closeHttp(server: HttpServer, graceMs: number): Promise<void> {
  const all = closed(server);
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await all;
  clearTimeout(timer);
}
