import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitUntil } from '../../src/support/retry.js';
import { composePlugin } from './compose-plugin.js';

const run = promisify(execFile);

/** Short: the engine's sockets lie deep below, and a socket's path ends at 107 bytes. */
const ROOT = '/tmp/evpipe-docker';
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 60_000;

/** A Docker engine of its own: no other engine of this machine knows of it, and no file of theirs is touched. */
export interface Docker {
  /** What a command needs to talk to this engine: DOCKER_HOST, and DOCKER_CONFIG with the Compose plugin. */
  readonly env: Readonly<Record<string, string>>;
  /** What `docker ARGS` prints. */
  docker(...args: string[]): Promise<string>;
  /** Ends its containers and itself, and removes all that they have left: mounts, bridges, folders. */
  stop(): Promise<void>;
}

/**
 * The shell leaves a guard behind and becomes the engine: the guard reads a pipe that only this process holds open, so
 * the engine ends, and its containers with it, however this process ends.
 */
const GUARDED = '(trap "" HUP INT TERM; read -r _ <&3; kill -TERM $$) >/dev/null 2>&1 & exec 3<&-; exec "$@"';

/** Throws with the end of the engine's log where it can't start on this machine. */
export async function startDocker(): Promise<Docker> {
  await mkdir(ROOT, { recursive: true, mode: 0o700 });
  await removeLeftovers();
  const folder = await mkdtemp(join(ROOT, `${process.pid}-`));
  return startEngine(folder);
}

async function startEngine(folder: string): Promise<Docker> {
  const socket = join(folder, 'docker.sock');
  const config = join(folder, 'config');
  const plugins = join(config, 'cli-plugins');
  if (!existsSync(plugins)) {
    await mkdir(plugins, { recursive: true });
    await symlink(await composePlugin(), join(plugins, 'docker-compose'));
  }
  const log = join(folder, 'dockerd.log');
  const child = spawn('/bin/sh', ['-c', GUARDED, 'sh', 'dockerd', ...engineOptions(folder, socket)], {
    stdio: ['ignore', openSync(log, 'a'), openSync(log, 'a'), 'pipe'],
    detached: true, // a Ctrl-C in the terminal ends the test, and the guard ends the engine
  });
  let ending: string | undefined;
  child.once('error', (failure) => {
    ending = failure.message;
  });
  const ended = once(child, 'exit').then(() => {
    ending ??= `it ended with ${child.signalCode ?? child.exitCode}`;
  });
  const env = { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: config };
  const docker = async (...args: string[]): Promise<string> =>
    (await run('docker', args, { env: { ...process.env, ...env }, maxBuffer: 64 << 20 })).stdout;

  await waitUntil('dockerd to answer', async () => ending ?? (await docker('info')), {
    timeoutMs: START_TIMEOUT_MS,
    maxPauseMs: 200,
  });
  if (ending !== undefined) {
    throw new Error(`dockerd can't start on this machine: ${ending}\n${readFileSync(log, 'utf8').slice(-3_000)}`);
  }
  const stop = async (): Promise<void> => {
    const containers = (await docker('ps', '--all', '--quiet')).split('\n').filter((id) => id !== '');
    if (containers.length > 0) await docker('rm', '--force', '--volumes', ...containers);
    await docker('network', 'prune', '--force');
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(kill);
    child.stdio[3]?.destroy();
    await removeFolder(folder);
  };
  return { env, docker, stop };
}

/**
 * The storage driver is the engine's own choice: overlay2 where the file system can, else vfs. Without its default bridge
 * and iptables nothing of the host's network is changed; ports are published by its proxy, on 127.0.0.1.
 */
function engineOptions(folder: string, socket: string): readonly string[] {
  return [
    `--data-root=${join(folder, 'data')}`,
    `--exec-root=${join(folder, 'exec')}`,
    `--pidfile=${join(folder, 'dockerd.pid')}`,
    `--host=unix://${socket}`,
    '--bridge=none',
    '--iptables=false',
    '--ip6tables=false',
    '--userland-proxy=true',
    '--shutdown-timeout=10',
  ];
}

/** A killed run may leave containers, bridges and mounts. The engine that made them is the one that takes them away. */
async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(ROOT)) {
    if (isAlive(Number(name.split('-')[0]))) continue;
    const folder = join(ROOT, name);
    await waitUntil('an engine of a killed run to end', async () => (isAlive(engineOf(folder)) ? undefined : true), {
      timeoutMs: STOP_TIMEOUT_MS,
    });
    if (existsSync(join(folder, 'data'))) await (await startEngine(folder)).stop();
    else await removeFolder(folder);
  }
}

function engineOf(folder: string): number {
  const file = join(folder, 'dockerd.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : Number.NaN;
}

function isAlive(pid: number): boolean {
  if (Number.isNaN(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function removeFolder(folder: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${folder}/`))
    .sort()
    .reverse();
  for (const mount of mounts) await run('umount', [mount]);
  await rm(folder, { recursive: true, force: true });
}
