import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { probe } from '../../http/client.js';
import { BoundedRegex } from '../../support/bounded-regex.js';
import type { ReadyMessage } from '../../support/child.js';
import { EvpipeError } from '../../support/errors.js';
import { hiding, secretsIn } from '../../support/masked.js';
import type { PreparedCommand, PreparedMessage } from '../../support/prepared.js';
import { pause } from '../../support/retry.js';
import type { LogFile } from '../log/log-file.js';
import { strangerOn } from '../ports/port-owner.js';
import type { LaunchSpec } from '../socket/launch.js';
import { isGroupGone, signalGroup } from './process-identity.js';

const HOST = '127.0.0.1';
const ANSWER_TIMEOUT_MS = 2_000;
const READY_COMMAND_TIMEOUT_MS = 30_000;
const PREPARE_TIMEOUT_MS = 90_000;
const LAST_LINES = 10;
/** After SIGKILL the kernel needs a moment to clear the group away. */
const GROUP_GONE_MS = 2_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What one attempt to run a process needs from the supervisor. */
export interface ChildContext {
  readonly log: LogFile;
  /** What every child gets, beside its own. */
  readonly env: Readonly<Record<string, string>>;
  /** Told of every process the moment it exists, and when it is gone, so that nothing outlives a killed supervisor unnoticed. */
  onSpawned(pid: number, stopSignal: NodeJS.Signals): void;
  onGone(pid: number): void;
}

/** One life of one process: spawned, ready or not, ended. It leads a process group of its own. */
export class RunningChild {
  readonly exited: Promise<Exit>;
  private exit: Exit | undefined;
  private announced = false;
  private announcedPort: number | undefined;

  private constructor(
    child: ChildProcess,
    readonly pid: number,
    private readonly spec: LaunchSpec,
    private readonly port: number | undefined,
    private readonly context: ChildContext,
    private readonly logOffset: number,
    private readonly prepared: PreparedCommand | undefined,
  ) {
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.exit = { code, signal };
        signalGroup(pid, 'SIGKILL'); // what it started must not hold its port or its data
        context.onGone(pid);
        resolve(this.exit);
      });
    });
    child.on('message', (message) => {
      if ((message as ReadyMessage).type !== 'ready') return;
      this.announced = true;
      this.announcedPort = (message as ReadyMessage).port;
    });
    child.on('error', () => {}); // a failed send to a child that is ending: `exit` follows
  }

  /** Throws EVPIPE_PROCESS_NOT_SPAWNED where the program can't be run at all, EVPIPE_PROCESS_EXITED where its preparation failed. */
  static async spawn(spec: LaunchSpec, port: number | undefined, context: ChildContext): Promise<RunningChild> {
    const logOffset = context.log.size();
    if (spec.program.kind === 'server') {
      const child = spawnServer(spec.program, { ...spec.program.options, host: HOST, port }, spec, context);
      return RunningChild.spawned(child, spec, port, context, logOffset);
    }
    if (spec.program.kind === 'prepared') {
      const prepared = await prepare(spec, port, context, logOffset);
      const child = spawnGroup({ ...prepared, ipc: false }, context);
      return RunningChild.spawned(child, spec, port, context, logOffset, prepared);
    }
    writeFiles(spec.program.files ?? {}, port);
    const child = spawnGroup(commandOf(spec, spec.program.command, port), context);
    return RunningChild.spawned(child, spec, port, context, logOffset);
  }

  private static async spawned(
    child: ChildProcess,
    spec: LaunchSpec,
    port: number | undefined,
    context: ChildContext,
    logOffset: number,
    prepared?: PreparedCommand,
  ): Promise<RunningChild> {
    const pid = child.pid;
    if (pid === undefined) throw await notSpawned(child, spec);
    context.onSpawned(pid, prepared?.stopSignal ?? 'SIGTERM');
    return new RunningChild(child, pid, spec, port, context, logOffset, prepared);
  }

  /** Resolves once it truly answers. Throws EVPIPE_PROCESS_EXITED or EVPIPE_PROCESS_NOT_READY with its last lines. */
  async untilReady(signal: AbortSignal): Promise<void> {
    const { ready, readyTimeoutMs, process: name } = this.spec;
    const startedMs = performance.now();
    const deadlineMs = startedMs + (ready.kind === 'alive' ? ready.forMs + readyTimeoutMs : readyTimeoutMs);
    for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 1.5, 100)) {
      if (this.exit !== undefined) throw this.exitedError(this.exit);
      const problem = await this.readyProblem(startedMs, signal);
      if (problem === undefined && this.exit === undefined) return;
      if (performance.now() > deadlineMs) {
        throw new EvpipeError(
          'EVPIPE_PROCESS_NOT_READY',
          `${name} was not ready after ${readyTimeoutMs / 1000} s: ${problem}${this.lastWords()}`,
          { kind: 'deadline', todo: `See \`evpipe logs ${name}\`.` },
        );
      }
      await pause(pauseMs, signal);
    }
  }

  /** Asks it to end, then makes it. */
  async stop(): Promise<Exit> {
    if (this.exit !== undefined) return this.exit;
    signalGroup(this.pid, this.prepared?.stopSignal ?? 'SIGTERM');
    signalGroup(this.pid, 'SIGCONT'); // one that was stopped would not notice
    const deadline = setTimeout(() => signalGroup(this.pid, 'SIGKILL'), this.spec.stopTimeoutMs);
    const exit = await this.exited;
    clearTimeout(deadline);
    for (let waitedMs = 0; !isGroupGone(this.pid) && waitedMs < GROUP_GONE_MS; waitedMs += 10) await pause(10);
    return exit;
  }

  /** At once, with all that it has started. */
  kill(): void {
    signalGroup(this.pid, 'SIGKILL');
  }

  exitedError(exit: Exit): EvpipeError {
    return exitedError(this.spec.process, exit, this.lastWords());
  }

  private lastWords(): string {
    return lastWords(this.context.log, this.logOffset, this.spec);
  }

  private async readyProblem(startedMs: number, signal: AbortSignal): Promise<string | undefined> {
    const { ready } = this.spec;
    switch (ready.kind) {
      case 'spawned':
        return undefined;
      case 'alive':
        return performance.now() - startedMs >= ready.forMs ? undefined : 'it must stay alive';
      case 'http':
        if (this.port === undefined) return 'it has no port';
        return (
          (await probe(`http://${HOST}:${this.port}`, ready.path, {
            ...ready,
            timeoutMs: ANSWER_TIMEOUT_MS,
            signal,
          })) ?? strangerOn(this.port, this.pid)
        );
      case 'tcp':
        if (this.port === undefined) return 'it has no port';
        return (await connectionProblem(this.port)) ?? strangerOn(this.port, this.pid);
      case 'log':
        return new BoundedRegex(ready.pattern, 'm').test(this.context.log.textSince(this.logOffset))
          ? undefined
          : `it has not written ${ready.pattern}`;
      case 'command':
        return this.commandProblem(ready.command, signal);
      case 'announced':
        if (this.prepared === undefined) return this.announced ? this.portProblem() : 'it has not announced itself';
        return this.context.log.textSince(this.logOffset).includes(this.prepared.readyText)
          ? undefined
          : 'it has not reported ready';
    }
  }

  /** What the command writes goes to the log, as what the process writes does. */
  private async commandProblem(command: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const child = spawnGroup(commandOf(this.spec, command, this.port), this.context);
    const { pid } = child;
    if (pid === undefined) throw await notSpawned(child, this.spec, command[0]);
    this.context.onSpawned(pid, 'SIGTERM');
    const end = (): void => {
      signalGroup(pid, 'SIGKILL');
    };
    const deadline = setTimeout(end, READY_COMMAND_TIMEOUT_MS);
    signal.addEventListener('abort', end, { once: true });
    const [code] = await once(child, 'exit');
    clearTimeout(deadline);
    signal.removeEventListener('abort', end);
    this.context.onGone(pid);
    return code === 0 ? undefined : `${command[0]} ends with ${code ?? 'a signal'}`;
  }

  private portProblem(): string | undefined {
    return this.port === undefined || this.announcedPort === this.port
      ? undefined
      : `it listens on ${this.announcedPort}`;
  }
}

interface Program {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly account?: { readonly uid: number; readonly gid: number };
  readonly ipc: boolean;
}

/** Of a service: what it is run with, and where; its own port is known only now. */
function commandOf(spec: LaunchSpec, command: readonly string[], port: number | undefined): Program {
  const own = port === undefined ? {} : { PORT: String(port), HOST };
  const env = Object.entries(spec.env).map(([name, value]) => [name, withPort(value, port)]);
  const [file = '', ...args] = command.map((word) => withPort(word, port));
  return {
    command: [file, ...args],
    cwd: commandProgram(spec).cwd,
    env: { ...Object.fromEntries(env), ...own },
    ipc: false,
  };
}

function commandProgram({ program }: LaunchSpec): Extract<LaunchSpec['program'], { readonly kind: 'command' }> {
  if (program.kind !== 'command') throw new Error('only a command has a folder');
  return program;
}

const OWN_PORT = '$(services.self.port)';

const withPort = (text: string, port: number | undefined): string =>
  port === undefined ? text : text.replaceAll(OWN_PORT, String(port));

/** Configuration files may hold passwords: only their owner reads them. */
function writeFiles(files: Readonly<Record<string, string>>, port: number | undefined): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, withPort(text, port), { mode: 0o600 });
  }
}

function connectionProblem(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port, timeout: ANSWER_TIMEOUT_MS });
    const answer = (problem: string | undefined): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.once('connect', () => answer(undefined));
    socket.once('timeout', () => answer(`port ${port} does not answer`));
    socket.once('error', () => answer(`nothing listens on port ${port}`));
  });
}

function spawnGroup(program: Program, context: ChildContext): ChildProcess {
  const [file, ...args] = program.command;
  const output = context.log.open();
  try {
    return spawn(file, args, {
      cwd: program.cwd ?? '/',
      env: { ...context.env, ...program.env },
      stdio: program.ipc ? ['pipe', output, output, 'ipc'] : ['ignore', output, output],
      detached: true, // its own session: a Ctrl-C on the terminal is not for it, and its group can be signalled as one
      ...program.account,
    });
  } finally {
    closeSync(output);
  }
}

/** A process.js of ours, which reads its options from its standard input. */
function spawnServer(
  { module, nodeFlags = [] }: Exclude<LaunchSpec['program'], { readonly kind: 'command' }>,
  options: object,
  { env }: LaunchSpec,
  context: ChildContext,
): ChildProcess {
  const child = spawnGroup({ command: [process.execPath, ...nodeFlags, module], env, ipc: true }, context);
  child.stdin?.on('error', () => {}); // it ended before it had read them: its exit says why
  child.stdin?.end(JSON.stringify(options));
  return child;
}

/** Runs the preparing module to its end. */
async function prepare(
  spec: LaunchSpec,
  port: number | undefined,
  context: ChildContext,
  logOffset: number,
): Promise<PreparedCommand> {
  if (spec.program.kind !== 'prepared') throw new Error('only a prepared program has a preparation');
  const options = { ...spec.program.options, host: HOST, port };
  const child = spawnServer(spec.program, options, spec, context);
  const { pid } = child;
  if (pid === undefined) throw await notSpawned(child, spec);
  context.onSpawned(pid, 'SIGTERM');
  let command: PreparedCommand | undefined;
  child.on('message', (message) => {
    if ((message as PreparedMessage).type === 'prepared') command = (message as PreparedMessage).command;
  });
  const deadline = setTimeout(() => signalGroup(pid, 'SIGKILL'), PREPARE_TIMEOUT_MS);
  const exit = await new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  clearTimeout(deadline);
  context.onGone(pid);
  if (command === undefined) throw exitedError(spec.process, exit, lastWords(context.log, logOffset, spec));
  return command;
}

function notSpawned(child: ChildProcess, spec: LaunchSpec, program?: string): Promise<EvpipeError> {
  return new Promise((resolve) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const what = program ?? (spec.program.kind === 'command' ? spec.program.command[0] : spec.program.module);
      const why = cause.code === 'ENOENT' ? 'there is no such program (or folder)' : cause.message;
      resolve(
        new EvpipeError('EVPIPE_PROCESS_NOT_SPAWNED', `${spec.process} can't be started: ${what}: ${why}`, { cause }),
      );
    });
  });
}

function exitedError(name: string, exit: Exit, words: string): EvpipeError {
  const how = exit.signal === null ? `ended with code ${exit.code}` : `was killed by ${exit.signal}`;
  const job = exit.code === 0 ? ' A command that ends by itself belongs under jobs:.' : '';
  return new EvpipeError('EVPIPE_PROCESS_EXITED', `${name} ${how} before it was ready${words}`, {
    todo: `See \`evpipe logs ${name}\`.${job}`,
  });
}

/** What it wrote last in this life, without the secrets that it was given. */
export const lastLinesOf = (log: LogFile, since: number, spec: LaunchSpec): readonly string[] =>
  log.lastLines(LAST_LINES, since).map(hiding(secretsIn(spec)));

function lastWords(log: LogFile, since: number, spec: LaunchSpec): string {
  const lines = lastLinesOf(log, since, spec);
  return lines.length === 0 ? '; it wrote nothing' : `\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
