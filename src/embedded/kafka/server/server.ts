import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { closed, listen } from '../../../support/listen.js';
import { Broker } from '../broker.js';
import type { AddedFault, KafkaFault } from '../faults/faults.js';
import type { KafkaListener, KafkaOptions } from '../options.js';
import { HANDLERS } from '../requests/table.js';
import { certificateUser, type PrincipalRule, principalRules } from '../security/principal.js';
import { Upkeep } from '../upkeep/upkeep.js';
import { Admission } from './admission.js';
import type { ListenerAddress } from './call.js';
import { Connection } from './connection.js';
import { FrameMemory } from './frame-input.js';

/** Bytes of incomplete frames that all connections together may hold. */
const FRAME_MEMORY_BYTES = 256 * 1024 * 1024;

export interface RunningKafka {
  readonly port: number;
  /** host:port of the plain listener. */
  readonly bootstrapServers: string;
  /** host:port of each further listener, by its name. */
  readonly listeners: Readonly<Record<string, string>>;
  /** Lets requests fail, wait or lose their connection, for tests. Throws a TypeError where there is no such request. */
  addFault(fault: KafkaFault): AddedFault;
  /** Ends all connections and closes the log in order; what is on disk is complete before it resolves. */
  stop(): Promise<void>;
}

/** Starts a broker on its folder. Throws where the folder or a port cannot be used. */
export async function startKafka(options: KafkaOptions): Promise<RunningKafka> {
  const broker = new Broker(options);
  const upkeep = new Upkeep(broker);
  const memory = new FrameMemory(FRAME_MEMORY_BYTES);
  const connections = new Set<Connection>();
  const admission = new Admission(broker.settings, broker.quotas, broker.clock);
  const servers: Server[] = [];
  const opened: OpenedListener[] = [];
  const host = options.host ?? '127.0.0.1';
  let rules: PrincipalRule[] = [];

  const open = async (
    listener: KafkaListener,
  ): Promise<{ readonly port: number; readonly address: ListenerAddress }> => {
    const advertised = listener.advertisedHost ?? options.advertisedHost ?? listener.host ?? host;
    const address: ListenerAddress = { name: listener.name, host: advertised, port: 0, sasl: listener.sasl };
    const accept = (socket: Socket): void => admission.admit(socket, () => serve(socket));
    const serve = (socket: Socket): void => {
      const principal = certificatePrincipal(socket, listener, rules);
      if (principal === NOBODY) {
        socket.destroy();
        return;
      }
      const connection = new Connection(broker, socket, address, memory, principal);
      connections.add(connection);
      connection.onClose(() => connections.delete(connection));
    };
    const server =
      listener.tls === undefined
        ? createServer(accept)
        : createTlsServer({ ...listener.tls, rejectUnauthorized: listener.tls.requestCert === true }, accept);
    servers.push(server);
    const bound = listener.host ?? host;
    const port = await listen(server, { port: listener.port ?? 0, host: bound });
    address.port = listener.advertisedPort ?? port;
    opened.push({ listener, bound: `${bound}:${port}`, address });
    return { port, address };
  };

  try {
    rules = principalRules(broker.settings.text('ssl.principal.mapping.rules'));
    await broker.groups.restoreConsumerGroups();
    const { port, address: plain } = await open({
      name: options.sasl === undefined ? 'PLAINTEXT' : 'SASL_PLAINTEXT',
      port: options.port ?? 0,
      ...(options.sasl !== undefined && { sasl: options.sasl }),
      ...(options.advertisedPort !== undefined && { advertisedPort: options.advertisedPort }),
    });
    const further: Record<string, string> = {};
    for (const listener of options.listeners ?? []) {
      const { address } = await open(listener);
      further[listener.name] = `${address.host}:${address.port}`;
    }
    const bootstrapServers = `${plain.host}:${plain.port}`;
    for (const [name, value] of listenerSettings(opened)) broker.settings.fixed.set(name, value);
    broker.log.info('Kafka is listening', { address: bootstrapServers, topics: broker.topics.size });
    let stopped: Promise<void> | undefined;
    const stop = (): Promise<void> => {
      admission.close();
      stopped ??= shutDown(broker, upkeep, servers, connections);
      return stopped;
    };
    const addFault = (fault: KafkaFault): AddedFault => {
      if (!HANDLERS.some(({ api }) => api.name === fault.request)) {
        throw new TypeError(`the broker has no request ${fault.request}`);
      }
      return broker.faults.add(fault);
    };
    return { port, bootstrapServers, listeners: further, addFault, stop };
  } catch (failure) {
    admission.close();
    await shutDown(broker, upkeep, servers, connections);
    throw failure;
  }
}

/** A certificate that no rule makes a user of. */
const NOBODY = Symbol('nobody');

/** Who shows a certificate is who it names; on a listener with SASL the login says who a client is. */
function certificatePrincipal(
  socket: Socket,
  { tls, sasl }: KafkaListener,
  rules: readonly PrincipalRule[],
): string | undefined | typeof NOBODY {
  if (tls?.requestCert !== true || sasl !== undefined || !(socket instanceof TLSSocket)) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const user = certificateUser(rules, certificate);
  return user === undefined ? NOBODY : `User:${user}`;
}

interface OpenedListener {
  readonly listener: KafkaListener;
  readonly bound: string;
  /** What clients are told. */
  readonly address: ListenerAddress;
}

/** The settings that say where the broker listens, as a node's file would have them. */
function listenerSettings(opened: readonly OpenedListener[]): Array<readonly [name: string, value: string]> {
  const listed = (entry: (one: OpenedListener) => string) => opened.map(entry).join(',');
  return [
    ['listeners', listed(({ listener, bound }) => `${listener.name}://${bound}`)],
    ['advertised.listeners', listed(({ listener, address }) => `${listener.name}://${address.host}:${address.port}`)],
    ['listener.security.protocol.map', listed(({ listener }) => `${listener.name}:${securityProtocol(listener)}`)],
  ];
}

function securityProtocol({ tls, sasl }: KafkaListener): string {
  const transport = tls === undefined ? 'PLAINTEXT' : 'SSL';
  return sasl === undefined ? transport : `SASL_${transport}`;
}

async function shutDown(
  broker: Broker,
  upkeep: Upkeep,
  servers: readonly Server[],
  connections: Set<Connection>,
): Promise<void> {
  const ended = servers.map(closed);
  for (const connection of connections) connection.destroy();
  await Promise.all(ended);
  await upkeep.stop();
  broker.close();
}
