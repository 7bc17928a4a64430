import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { lineLog, silentLog } from '../../support/log.js';
import type { CommandCall, CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { clientProperties, type Listener } from '../kafka-client-properties.js';

const repeated = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export const kafkaCommand: CommandEntry = {
  name: 'kafka',
  summary: 'run just the embedded Kafka broker, for any test suite, until Ctrl-C',
  examples: [
    'kafka --port 9092 --data ./kafka-data',
    'kafka --port 0 --output json',
    'kafka --config num.partitions=3 --user alice:secret --tls-cert cert.pem --tls-key key.pem',
    'kafka --user ann:secret --listener SASL_PLAINTEXT:9094 --acl "User:ann allow read,write topic:orders-*"',
  ],
  declare: (command) =>
    command
      .option('--port <port>', 'port to listen on at 127.0.0.1; 0 picks a free one', '9092')
      .option('--data <folder>', 'data folder; if omitted, data is deleted when the broker stops')
      .option('--config <name=value>', 'broker setting; repeatable', repeated)
      .option('--advertised-host <host>', 'host name to advertise to clients')
      .option('--user <name:password>', 'open a SASL listener for this user; repeatable', repeated)
      .option('--tls-cert <file>', 'open a TLS listener with this certificate (PEM)')
      .option('--tls-key <file>', 'private key of the certificate (PEM)')
      .option('--tls-client-ca <file>', 'CA whose certificates clients must show on listeners with TLS (PEM)')
      .option(
        '--listener <protocol[:port]>',
        'open SSL, SASL_PLAINTEXT or SASL_SSL, on this port; repeatable',
        repeated,
      )
      .option('--acl <text>', 'who may do what, for example "User:ann allow read topic:orders-*"; repeatable', repeated)
      .option('--super-user <principal>', 'who may do everything, for example User:admin; repeatable', repeated),
  endsInOrder: () => true,
  run: async ({ shell, options }) => {
    const port = portOf(options.port);
    const config = Object.fromEntries(pairs(options.config, '=', '--config'));
    const users = pairs(options.user, ':', '--user').map(([name, password]) => ({ name, password }));
    const listeners = furtherListeners({ shell, options }, users.length > 0);
    const { serveKafka } = await import('../../operations/serve.js');
    const kept = options.data === undefined ? undefined : resolve(shell.cwd, String(options.data));
    const dataDir = kept ?? (await mkdtemp(join(tmpdir(), 'evpipe-kafka-')));
    const log = options.verbose === true ? lineLog(shell.err) : silentLog;
    const given = {
      ...{ dataDir, port, log, config, users },
      listeners,
      ...(options.superUser !== undefined && { superUsers: texts(options.superUser) }),
      ...(options.acl !== undefined && { acls: texts(options.acl) }),
      ...(options.advertisedHost !== undefined && { advertisedHost: String(options.advertisedHost) }),
    };
    try {
      const { bootstrapServers, listeners: addresses, ended } = await serveKafka(given, shell.signal);
      if (options.output === 'json')
        shell.out(jsonLine({ kind: 'ready', bootstrapServers, listeners: addresses, dataDir }));
      else {
        const end = kept === undefined ? ' and removes its data' : '';
        shell.out(`Kafka serves ${bootstrapServers}; Ctrl-C stops it${end}.\n`);
        for (const listener of listeners) {
          shell.out(`\n${clientProperties(addresses[listener.name] ?? '', listener)}`);
        }
      }
      await ended;
    } finally {
      if (kept === undefined) await rm(dataDir, { recursive: true, force: true });
    }
    return EXIT.interrupted;
  },
};

function portOf(given: unknown, option = '--port'): number {
  const port = Number(given);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw usage('EVPIPE_PORT', `${option} ${String(given)} is not a valid port (0 to 65535)`);
}

const usage = (code: `EVPIPE_${string}`, message: string): EvpipeError =>
  new EvpipeError(code, message, { kind: 'usage' });

const texts = (given: unknown): string[] => (Array.isArray(given) ? given.map(String) : []);

/** The values of a repeated option, each cut in two. A user's password is not shown. */
function pairs(given: unknown, separator: string, option: string): Array<readonly [string, string]> {
  return texts(given).map((text) => {
    const at = text.indexOf(separator);
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)] as const;
    throw usage('EVPIPE_KAFKA_OPTION', `${option} takes a name and a value with "${separator}" between them`);
  });
}

const PROTOCOLS = ['SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const;

/** Those that are asked for by name; without names one, as users and certificate need it. */
function furtherListeners({ shell, options }: Pick<CommandCall, 'shell' | 'options'>, hasUsers: boolean) {
  const { tlsCert, tlsKey, tlsClientCa } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw usage('EVPIPE_KAFKA_OPTION', '--tls-cert and --tls-key must be given together');
  }
  if (tlsClientCa !== undefined && tlsCert === undefined) {
    throw usage('EVPIPE_KAFKA_OPTION', '--tls-client-ca needs --tls-cert and --tls-key');
  }
  const file = (name: unknown): string => readText(resolve(shell.cwd, String(name)));
  const clients = tlsClientCa === undefined ? {} : { ca: file(tlsClientCa), requestCert: true };
  const tls = tlsCert === undefined ? undefined : { cert: file(tlsCert), key: file(tlsKey), ...clients };
  return wantedListeners(options.listener, hasUsers, tls !== undefined).map(({ name, port }) => ({
    ...{ name, port },
    ...(name.endsWith('SSL') && tls !== undefined && { tls, certificateFile: resolve(shell.cwd, String(tlsCert)) }),
    ...(name.startsWith('SASL') && { sasl: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const }),
  })) satisfies ReadonlyArray<Listener & Record<string, unknown>>;
}

function wantedListeners(given: unknown, hasUsers: boolean, hasTls: boolean) {
  if (given === undefined) {
    const transport = hasTls ? 'SSL' : 'PLAINTEXT';
    return hasUsers || hasTls ? [{ name: hasUsers ? `SASL_${transport}` : transport, port: 0 }] : [];
  }
  return texts(given).map((text) => {
    const [name = '', port = '0'] = text.split(':');
    const protocol = PROTOCOLS.find((one) => one === name.toUpperCase());
    if (protocol === undefined)
      throw usage('EVPIPE_KAFKA_OPTION', `--listener ${text} is not one of ${PROTOCOLS.join(', ')}`);
    if (protocol.startsWith('SASL') && !hasUsers)
      throw usage('EVPIPE_KAFKA_OPTION', `--listener ${text} needs a --user`);
    if (protocol.endsWith('SSL') && !hasTls) {
      throw usage('EVPIPE_KAFKA_OPTION', `--listener ${text} needs --tls-cert and --tls-key`);
    }
    return { name: protocol, port: portOf(port, '--listener') };
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (failure) {
    throw usage('EVPIPE_KAFKA_OPTION', `cannot read ${file}: ${messageOf(failure)}`);
  }
}
