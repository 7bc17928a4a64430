import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';
import { messageOf } from '../../../src/support/errors.js';
import { Lifetime } from '../../../src/support/lifetime.js';
import { waitUntil } from '../../../src/support/retry.js';

/** Debian's wrapper in /usr/sbin would change the user and the folder. */
const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const LOG_TAIL_CHARACTERS = 4_000;
const STOP_TIMEOUT_MS = 20_000;

export interface RealRabbitmqOptions {
  /** Kept after stop, for another start on it; absent: a new folder, removed by stop. */
  readonly dataDir?: string | undefined;
  readonly port?: number | undefined;
  /** Files of the certificate and key with which it also listens for amqps and, for its HTTP API, https. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

export interface RealRabbitmq {
  /** amqp://127.0.0.1:PORT, user and password guest. */
  readonly url: string;
  readonly port: number;
  /** Of the management plugin. */
  readonly managementUrl: string;
  readonly managementPort: number;
  /** Where TLS is asked for: amqps://127.0.0.1:PORT, and https. */
  readonly secure: { readonly url: string; readonly managementUrl: string } | undefined;
  /** Leaves nothing behind, its epmd included. SIGKILL: without order, data stays as it is. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Debian's RabbitMQ as a node of its own on 127.0.0.1 (rabbitmq-server has to be installed, no service of it is used),
 * with the management plugin, statistics five times a second. Resolves when broker and HTTP API answer, in about 10 s.
 */
export async function startRealRabbitmq(options: RealRabbitmqOptions = {}): Promise<RealRabbitmq> {
  const lifetime = new Lifetime();
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'evpipe-rabbitmq-')));
  if (options.dataDir === undefined) lifetime.onEnd(() => rm(dataDir, { recursive: true, force: true }));
  await mkdir(dataDir, { recursive: true });
  const port = options.port ?? (await getPort({ host: '127.0.0.1' }));
  const [managementPort, distPort, epmdPort] = [await freePort(), await freePort(), await freePort()];
  const secured = options.tls && { ...options.tls, port: await freePort(), managementPort: await freePort() };
  try {
    // Erlang would start a daemon of its own that outlives the node.
    const epmd = await startGuarded('epmd', dataDir, ['epmd', '-address', '127.0.0.1', '-port', String(epmdPort)], {});
    lifetime.onEnd(() => epmd.stop('SIGKILL'));
    const env = await configure(dataDir, { port, managementPort, distPort, epmdPort, secured });
    const rabbit = await startGuarded('rabbitmq', dataDir, [SERVER], env);
    let signal: NodeJS.Signals = 'SIGTERM';
    lifetime.onEnd(() => rabbit.stop(signal));
    const managementUrl = `http://127.0.0.1:${managementPort}`;
    await untilItAnswers(rabbit, managementUrl);
    const stop = (by: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
      signal = by;
      return lifetime.end();
    };
    const secure = secured && {
      url: `amqps://127.0.0.1:${secured.port}`,
      managementUrl: `https://127.0.0.1:${secured.managementPort}`,
    };
    return { url: `amqp://127.0.0.1:${port}`, port, managementUrl, managementPort, secure, stop };
  } catch (failure) {
    await lifetime.end();
    throw failure;
  }
}

const freePort = (): Promise<number> => getPort({ host: '127.0.0.1' });

interface Ports {
  readonly port: number;
  readonly managementPort: number;
  readonly distPort: number;
  readonly epmdPort: number;
  readonly secured: Secured | undefined;
}

interface Secured {
  readonly cert: string;
  readonly key: string;
  readonly port: number;
  readonly managementPort: number;
}

const tlsLines = ({ cert, key, port, managementPort }: Secured): readonly string[] => [
  `listeners.ssl.1 = 127.0.0.1:${port}`,
  'management.ssl.ip = 127.0.0.1',
  `management.ssl.port = ${managementPort}`,
  ...['ssl_options', 'management.ssl'].flatMap((options) => [
    `${options}.cacertfile = ${cert}`,
    `${options}.certfile = ${cert}`,
    `${options}.keyfile = ${key}`,
  ]),
];

async function configure(dataDir: string, ports: Ports): Promise<Record<string, string>> {
  const [config, plugins] = [join(dataDir, 'rabbitmq.conf'), join(dataDir, 'enabled_plugins')];
  await writeFile(plugins, '[rabbitmq_management].\n');
  await writeFile(
    config,
    [
      `listeners.tcp.1 = 127.0.0.1:${ports.port}`,
      'management.tcp.ip = 127.0.0.1',
      `management.tcp.port = ${ports.managementPort}`,
      'collect_statistics_interval = 200',
      'disk_free_limit.absolute = 10MB',
      ...(ports.secured === undefined ? [] : tlsLines(ports.secured)),
      '',
    ].join('\n'),
  );
  return {
    HOME: dataDir, // for the Erlang cookie
    RABBITMQ_NODENAME: `evpipe${ports.port}@localhost`,
    RABBITMQ_MNESIA_BASE: join(dataDir, 'mnesia'),
    RABBITMQ_LOG_BASE: join(dataDir, 'log'),
    RABBITMQ_CONFIG_FILE: config,
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    RABBITMQ_DIST_PORT: String(ports.distPort),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-noinput -kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_ALLOW_INPUT: 'true', // the script becomes the node, instead of a parent that forwards signals
    ERL_EPMD_PORT: String(ports.epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    LANG: 'C.UTF-8',
  };
}

interface Guarded {
  ending(): Promise<string | undefined>;
  stop(signal: NodeJS.Signals): Promise<void>;
}

/** As in jvm.ts: the guard reads a pipe that only this process holds open, so the server is killed however this process ends. */
const GUARDED = '(trap "" HUP INT TERM; read -r _ <&3; kill -KILL $$) >/dev/null 2>&1 & exec 3<&-; exec "$@"';

async function startGuarded(
  name: string,
  dataDir: string,
  command: readonly string[],
  env: Record<string, string>,
): Promise<Guarded> {
  const logFile = join(dataDir, `${name}.log`);
  const log = await open(logFile, 'a');
  const child: ChildProcess = spawn('/bin/sh', ['-c', GUARDED, 'sh', ...command], {
    cwd: dataDir,
    env: { ...process.env, ...env },
    stdio: ['ignore', log.fd, log.fd, 'pipe'],
    detached: true,
  });
  const ended = once(child, 'exit').finally(() => child.stdio[3]?.destroy());
  await once(child, 'spawn');
  await log.close();
  return {
    ending: async () => {
      if (child.exitCode === null && child.signalCode === null) return undefined;
      const text = await readFile(logFile, 'utf8');
      return `${name} ended with ${child.signalCode ?? child.exitCode}: ${text.slice(-LOG_TAIL_CHARACTERS)}`;
    },
    stop: async (signal) => {
      child.kill(signal);
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(kill);
    },
  };
}

async function untilItAnswers(rabbit: Guarded, managementUrl: string): Promise<void> {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  let ending: string | undefined;
  const attempt = async (): Promise<true | undefined> => {
    ending = await rabbit.ending();
    if (ending !== undefined) return true;
    const answer = await fetch(`${managementUrl}/api/health/checks/port-listener/${new URL(managementUrl).port}`, {
      headers: { authorization },
    }).catch((failure) => {
      throw new Error(messageOf(failure));
    });
    await answer.arrayBuffer();
    return answer.ok ? true : undefined;
  };
  await waitUntil('RabbitMQ to answer', attempt, { timeoutMs: 120_000, maxPauseMs: 200 });
  if (ending !== undefined) throw new Error(ending);
}
