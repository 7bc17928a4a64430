import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { afterAll, expect } from 'vitest';

/**
 * Set up for each file of test/unit: what would listen, connect or start a process throws, and fails the file even
 * where the code under test catches that. Tests that need servers are in test/servers.
 */
const attempts: string[] = [];

function forbid(owner: object, names: readonly string[]): void {
  for (const name of names) {
    Object.defineProperty(owner, name, {
      configurable: true,
      writable: true,
      value: () => {
        attempts.push(name);
        throw new Error(`${name}: unit tests start no server or process; put this test in test/servers`);
      },
    });
  }
}

forbid(net.Server.prototype, ['listen']);
forbid(net.Socket.prototype, ['connect']);
forbid(childProcess, ['spawn', 'spawnSync', 'fork', 'exec', 'execSync', 'execFile', 'execFileSync']);
syncBuiltinESMExports();

/** Those since it was last asked, which then no longer fail the file. */
export const takeAttempts = (): string[] => attempts.splice(0);

afterAll(() => expect(takeAttempts()).toEqual([]));
