import { text } from 'node:stream/consumers';
import { type Log, outputLog } from './log.js';

/** What a child announces to the supervisor over the IPC channel once it truly answers. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly port: number;
}

export interface RunningServer {
  readonly port: number;
  /** Resolves with the reason where it can't go on. */
  readonly failed?: Promise<unknown>;
  stop(): Promise<void>;
}

/** The options of an embedded server, JSON on its standard input: an environment is inherited, a command line is public. */
export async function readOptions<Options>(): Promise<Options> {
  const given = await text(process.stdin);
  return JSON.parse(given === '' ? '{}' : given) as Options;
}

/**
 * The body of every embedded server's process.ts: options come by `readOptions`, readiness goes out over IPC, SIGTERM or a
 * supervisor that is gone (IPC closed) stop the server in order.
 */
export async function runAsChild<Options>(
  start: (options: Options, log: Log) => Promise<RunningServer>,
): Promise<void> {
  const log = outputLog;
  const fail = (failure: unknown): never => {
    log.error(failure instanceof Error ? (failure.stack ?? failure.message) : String(failure));
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);

  const options = await readOptions<Options>();
  let stopping = false;
  let server: RunningServer | undefined;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    (server?.stop() ?? Promise.resolve()).then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', () => {}); // Ctrl-C reaches the whole terminal group; the supervisor decides who stops when
  process.on('disconnect', stop);

  server = await start(options, log).catch(fail);
  void server.failed?.then(fail);
  if (process.send) process.send({ type: 'ready', port: server.port } satisfies ReadyMessage);
}
