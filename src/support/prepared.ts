import { readOptions } from './child.js';
import { type Log, outputLog } from './log.js';

/**
 * A server that is not a Node program (PostgreSQL): a short-lived child prepares its folder and reports what to run,
 * so that no Node process has to stay beside it.
 */
export interface PreparedCommand {
  /** Program and arguments; no secret among them. */
  readonly command: readonly [string, ...string[]];
  /** Beside the few variables that every child gets. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** The account to run under, where it isn't the caller's own. */
  readonly account?: { readonly uid: number; readonly gid: number };
  readonly port: number;
  /** It is ready as soon as its output contains this text. */
  readonly readyText: string;
  /** What makes it stop in order, and fast. */
  readonly stopSignal: NodeJS.Signals;
}

export interface PreparedMessage {
  readonly type: 'prepared';
  readonly command: PreparedCommand;
}

/** The body of a preparing process.ts: options as in `runAsChild`, the answer goes out over IPC, then it ends. */
export async function prepareAsChild<Options>(
  prepare: (options: Options, log: Log) => Promise<PreparedCommand>,
): Promise<void> {
  const log = outputLog;
  const options = await readOptions<Options>();
  const command = await prepare(options, log).catch((failure: unknown) => {
    log.error(failure instanceof Error ? failure.message : String(failure));
    process.exit(1);
  });
  if (process.send === undefined) {
    process.stdout.write(`${JSON.stringify(command, null, 2)}\n`);
    return;
  }
  process.send({ type: 'prepared', command } satisfies PreparedMessage, () => process.disconnect());
}
