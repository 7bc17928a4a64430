import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startKafka } from '../../../src/embedded/kafka/index.js';
import { lockFile } from '../../../src/support/file-lock.js';
import { lockFolder } from '../../../src/support/folder-lock.js';
import { packageFile } from '../../../src/support/package.js';
import { waitUntil } from '../../../src/support/retry.js';
import { bundleProgram } from '../../support/bundle.js';

let holder: Awaited<ReturnType<typeof bundleProgram>>;

beforeAll(async () => {
  holder = await bundleProgram(packageFile('test/fixtures/processes/lock-holder.ts'));
});

afterAll(() => holder.remove());

let folder: string;
let parent: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-lock-'));
});

afterEach(() => {
  parent?.kill('SIGKILL');
  parent = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** A process that holds the folder's lock, below a parent that never collects it: killed, it stays a zombie. */
async function startHolder(): Promise<number> {
  const script = '"$0" "$1" "$2" & echo $!; exec sleep 600';
  const shell = spawn('sh', ['-c', script, process.execPath, holder.file, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  parent = shell;
  const lines = createInterface(shell.stdout)[Symbol.asyncIterator]();
  const pid = Number((await lines.next()).value);
  expect((await lines.next()).value).toBe('locked');
  return pid;
}

describe('a lock on a file', () => {
  it('is held once, within one process too, and can be taken again when it was released', () => {
    const file = join(folder, 'lock');
    const first = lockFile(file);
    expect(first?.isHeld()).toBe(true);
    expect(lockFile(file)).toBeUndefined();
    first?.release();
    const second = lockFile(file);
    expect([first?.isHeld(), second?.isHeld()]).toEqual([false, true]);
    first?.release(); // a second release leaves the new holder alone
    expect(lockFile(file)).toBeUndefined();
    second?.release();
  });

  it('is lost with its folder', () => {
    const file = join(folder, 'lock');
    const first = lockFile(file);
    rmSync(file);
    expect(first?.isHeld()).toBe(false);
    const second = lockFile(file);
    first?.release();
    expect(second?.isHeld()).toBe(true);
    second?.release();
  });

  it('names the process that holds it', async () => {
    const pid = await startHolder();
    expect(() => lockFolder(folder)).toThrow(`${folder} is used by the server with pid ${pid}`);
    process.kill(pid, 'SIGKILL');
  });

  it.runIf(process.platform === 'linux')(
    'does not outlive a killed holder that nobody has collected yet: a broker starts on its folder',
    async () => {
      const pid = await startHolder();
      process.kill(pid, 'SIGKILL');
      const state = () => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0];
      // Its files are closed when the last of its threads has ended; until then the first one alone is a zombie.
      const hasEnded = () => state() === 'Z' && readdirSync(`/proc/${pid}/task`).length === 1;
      await waitUntil('a zombie', async () => hasEnded() || undefined, { timeoutMs: 10_000 });
      const kafka = await startKafka({ dataDir: folder });
      expect(state()).toBe('Z');
      await kafka.stop();
    },
  );
});
