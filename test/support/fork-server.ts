import { type ChildProcess, fork } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { nodeFlagsOf } from '../../src/targets/embedded-program.js';

/** Starts a process.js of an embedded server as the supervisor does: its options come by its standard input. */
export function forkServer(module: string | URL, options: object): ChildProcess {
  const execArgv = [...nodeFlagsOf(basename(dirname(String(module))))];
  const child = fork(module, { execArgv, stdio: ['pipe', 'ignore', 'inherit', 'ipc'] });
  child.stdin?.on('error', () => {}); // it ended before it had read them
  child.stdin?.end(JSON.stringify(options));
  return child;
}
