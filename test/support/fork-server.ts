import { type ChildProcess, fork } from 'node:child_process';

/** Starts a process.js of an embedded server as the supervisor does: its options come by its standard input. */
export function forkServer(module: string | URL, options: object, nodeFlags: readonly string[] = []): ChildProcess {
  const child = fork(module, { execArgv: [...nodeFlags], stdio: ['pipe', 'ignore', 'inherit', 'ipc'] });
  child.stdin?.on('error', () => {}); // it ended before it had read them
  child.stdin?.end(JSON.stringify(options));
  return child;
}
