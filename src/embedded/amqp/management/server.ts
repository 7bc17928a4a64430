import { createServer, type Server } from 'node:http';
import type { Broker } from '../broker.js';
import type { Connection } from '../connection/connection.js';

/** The HTTP API. */
export function createManagement(broker: Broker, connections: ReadonlySet<Connection>): Server {
  void broker;
  void connections;
  return createServer((_request, response) => response.writeHead(404).end());
}
