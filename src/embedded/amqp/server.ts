import { createServer, type Server, type Socket } from 'node:net';
import { Lifetime } from '../../support/lifetime.js';
import { closed, listen } from '../../support/listen.js';
import { AmqpError } from './amqp-error.js';
import { Broker } from './broker.js';
import { Connection } from './connection/connection.js';
import { createManagement } from './management/server.js';
import type { AmqpOptions } from './options.js';
import { sortByProtocol } from './shared-port.js';

/** Clients get this long to take the close before their sockets end. */
const GOODBYE_MS = 200;

export interface RunningAmqp {
  readonly port: number;
  readonly managementPort: number;
  /** Ends all connections and closes the queues in order; what is on disk is complete before it resolves. */
  stop(): Promise<void>;
}

/** Starts an AMQP 0-9-1 server on its folder, with RabbitMQ's management API. Throws where folder or ports cannot be used. */
export async function startAmqp(options: AmqpOptions): Promise<RunningAmqp> {
  const lifetime = new Lifetime();
  const broker = new Broker(options);
  lifetime.onEnd(() => broker.close());
  const connections = new Set<Connection>();
  const host = options.host ?? '127.0.0.1';
  let amqpPort = 0;
  const { server: management } = createManagement({ broker, connections, port: () => amqpPort }, options);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    sortByProtocol(socket, {
      amqp: () => {
        sockets.delete(socket);
        const connection = new Connection(broker, socket);
        connections.add(connection);
        connection.onClose(() => connections.delete(connection));
      },
      http: () => management.emit('connection', socket),
    });
  });
  try {
    const port = await listen(server, { host, port: options.port ?? 0 });
    amqpPort = port;
    lifetime.onEnd(() => {
      for (const socket of sockets) socket.destroy();
      return endConnections(broker, server, connections);
    });
    const managementPort = await listen(management, { host, port: options.managementPort ?? 0 });
    lifetime.onEnd(() => {
      management.closeAllConnections();
      return closed(management);
    });
    broker.log.info('AMQP is listening', { address: `${host}:${port}`, managementPort, queues: broker.queues.size });
    return { port, managementPort, stop: () => lifetime.end() };
  } catch (failure) {
    await lifetime.end();
    throw failure;
  }
}

async function endConnections(broker: Broker, server: Server, connections: Set<Connection>): Promise<void> {
  const ended = closed(server);
  for (const connection of connections) {
    connection.fail(new AmqpError('CONNECTION_FORCED', "broker forced connection closure with reason 'shutdown'"));
  }
  broker.commits.run();
  const timer = setTimeout(() => {
    for (const connection of connections) connection.destroy();
  }, GOODBYE_MS);
  await ended;
  clearTimeout(timer);
}
