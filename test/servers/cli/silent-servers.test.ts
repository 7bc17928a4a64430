import { setMaxListeners } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EvpipeError } from '../../../src/support/errors.js';
import { runUntil } from '../../support/command-line.js';

/** Every command, on servers that accept and never answer, as one that was stopped by SIGSTOP does, and on closed ports. */
const PIPELINE = `version: 1
name: hung
databases: { shop: {} }
topics: { orders: { partitions: 1 } }
connectors:
  shop-cdc:
    database: shop
    config: { connector.class: io.debezium.connector.postgresql.PostgresConnector, table.include.list: public.orders, topic.prefix: shop, plugin.name: pgoutput }
ksqldb: { migrations: ksql }
checks:
  copies:
    source: { database: shop, table: orders }
    replica: { database: shop, table: orders_copy }
    key: [id]
    through: []
    within: 1s
`;

/** The commands that talk to servers, and the server that each one asks first. */
const COMMANDS: ReadonlyArray<readonly [command: string, server: string, exitCode: number]> = [
  ['up', 'at ADDRESS', 4],
  ['status', 'SILENT', 0],
  ['verify-consistency', 'postgres/shop at ADDRESS', 4],
  ['doctor', 'kafka at ADDRESS', 4],
  ['smoke', 'at ADDRESS', 4],
  ['tail orders', 'at ADDRESS', 4],
  ['trace copies 1', 'at ADDRESS', 4],
  ['connectors', 'connect at ADDRESS', 4],
  ['connectors restart shop-cdc', 'connect at ADDRESS', 4],
  ['ksql -e SHOW_TOPICS;', 'ksqldb at ADDRESS', 4],
  ['psql shop -c SELECT_1', 'postgres/shop at ADDRESS', 4],
  ['logs', '', 0],
  ['down', '', 0],
];

let folder: string;
let silent: Server;
/** Nobody listens on it, nor comes to: the system gives out higher ones. */
const CLOSED_PORT = 1;
const sockets = new Set<Socket>();

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-silent-'));
  writeFileSync(join(folder, 'evpipe.yaml'), PIPELINE);
  mkdirSync(join(folder, 'ksql'));
  writeFileSync(
    join(folder, 'ksql', 'V000001__orders.sql'),
    "CREATE STREAM orders (id STRING KEY) WITH (kafka_topic = 'orders', value_format = 'json');\n",
  );
  silent = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
  });
  await listening(silent);
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

function addresses(port: number): NodeJS.ProcessEnv {
  const url = `http://127.0.0.1:${port}`;
  return {
    PATH: '',
    XDG_STATE_HOME: join(folder, 'state'),
    EVPIPE_KAFKA_BOOTSTRAP_SERVERS: `127.0.0.1:${port}`,
    EVPIPE_SCHEMA_REGISTRY_URL: url,
    EVPIPE_CONNECT_URL: url,
    EVPIPE_KSQLDB_URL: url,
    EVPIPE_DATABASE_SHOP_URL: `postgres://me:secret@127.0.0.1:${port}/shop`,
  };
}

const argumentsOf = (command: string): string[] => [
  ...command.split(' ').map((word) => word.replaceAll('_', ' ')),
  ...['--target', 'cluster'],
];

function signalOf(): { readonly abort: AbortController; readonly signal: AbortSignal } {
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  return { abort, signal: abort.signal };
}

describe.each([
  [
    'that accept and never answer',
    () => (silent.address() as AddressInfo).port,
    'accepts connections but does not answer',
  ],
  ['that are dead', () => CLOSED_PORT, "can't be reached: connect ECONNREFUSED"],
])('on servers %s', (_, port, words) => {
  it.concurrent.each(COMMANDS)('%s says so', async (command, server, exitCode) => {
    const { code, out, err } = await runUntil(signalOf().signal, folder, addresses(port()), ...argumentsOf(command));
    const said = `${out}${err}`;
    if (server.includes('ADDRESS'))
      expect(said).toContain(`${server.replace('ADDRESS', `127.0.0.1:${port()}`)} ${words}`);
    expect(code, said).toBe(exitCode);
    expect(said, 'no stack trace').not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    expect(said).not.toContain('secret');
  });
});

describe('Ctrl-C', () => {
  it.concurrent.each(COMMANDS.filter(([command]) => !/^(logs|down)/.test(command)))(
    'ends %s, which waits for a server, with 130',
    async (command) => {
      const { abort, signal } = signalOf();
      const before = sockets.size;
      const running = runUntil(
        signal,
        folder,
        addresses((silent.address() as AddressInfo).port),
        ...argumentsOf(command),
      );
      const interrupt = setInterval(() => {
        if (sockets.size === before) return;
        clearInterval(interrupt);
        abort.abort(new EvpipeError('EVPIPE_INTERRUPTED', 'interrupted', { kind: 'interrupted' }));
      }, 20);
      const { code, out, err } = await running;
      clearInterval(interrupt);
      expect(code, out + err).toBe(130);
    },
  );
});
