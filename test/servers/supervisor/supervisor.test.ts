import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identify } from '../../../src/supervisor/children/process-identity.js';
import { connectSupervisor, ensureSupervisor, runningPipelines, sweep } from '../../../src/supervisor/ensure.js';
import type { SupervisorClient } from '../../../src/supervisor/socket/client.js';
import type { LaunchSpec, ProcessReport } from '../../../src/supervisor/socket/launch.js';
import { readProcessesFile, readSupervisorFile, writeProcessesFile } from '../../../src/supervisor/state/state.js';
import type { EvpipeError } from '../../../src/support/errors.js';
import { waitUntil } from '../../../src/support/retry.js';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/processes/${name}`, import.meta.url));
const DEADLINE = { timeoutMs: 30_000 };

let home: string;
let stateFolder: string;
let port: number;
let client: SupervisorClient;
const clients: SupervisorClient[] = [];

async function ensure(folder = stateFolder): Promise<SupervisorClient> {
  const env = { ...process.env, XDG_STATE_HOME: join(home, 'state'), SECRET_TOKEN: 'geheim' };
  const found = await ensureSupervisor({ stateFolder: folder, pipeline: 'p', file: join(home, 'evpipe.yaml'), env });
  clients.push(found);
  return found;
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'evpipe-supervisor-'));
  stateFolder = join(home, '.evpipe', 'p');
  // Below the ports that the kernel gives to clients: one of those would be in the way sooner or later.
  port = await getPort({ host: '127.0.0.1', port: Array.from({ length: 20 }, () => 20_000 + 2 * randomInt(5_000)) });
  client = await ensure();
});

afterEach(async () => {
  const left = readSupervisorFile(stateFolder) === undefined ? undefined : await connectSupervisor(stateFolder);
  await left?.shutdown();
  await sweep(stateFolder);
  for (const open of clients.splice(0)) open.close();
  rmSync(home, { recursive: true, force: true });
});

const base = { env: {}, readyTimeoutMs: 20_000, stopTimeoutMs: 5_000, layer: 1 } as const;

const server = (options: object = {}): LaunchSpec => ({
  ...base,
  process: 'server',
  program: { kind: 'server', module: fixture('server.mjs'), options: { ...options } },
  port: { preferred: port },
  ready: { kind: 'announced' },
});

const service = (name: string, env: Record<string, string> = {}): LaunchSpec => ({
  ...base,
  process: name,
  program: { kind: 'command', command: [process.execPath, fixture('service.mjs')], cwd: home },
  env,
  port: { preferred: port + 1 },
  ready: { kind: 'http', path: '/health' },
  layer: 4,
});

async function report(name: string, of = client): Promise<ProcessReport> {
  const found = (await of.report({ memory: true })).processes.find((process) => process.process === name);
  if (found === undefined) throw new Error(`${name} is not reported`);
  return found;
}

const fetchJson = async (at: number) =>
  (await (await fetch(`http://127.0.0.1:${at}/`)).json()) as {
    pid: number;
    greeting: string;
    env: Record<string, string>;
  };

const gone = (pid: number) =>
  waitUntil(`process ${pid} to be gone`, async () => (identify(pid) === undefined ? true : undefined), DEADLINE);

const failureOf = (work: Promise<unknown>): Promise<EvpipeError> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (failure: unknown) => failure as EvpipeError,
  );

describe('the supervisor', () => {
  it('starts a server and a service, reports them, leaves them alone when asked again, and leaves nothing behind', async () => {
    expect(await client.start(server())).toEqual({ port, preferredPort: port, changed: true });
    const started = await client.start(service('person', { GREETING: 'hi', HEALTHY_AFTER_MS: '100' }));
    expect(started).toMatchObject({ changed: true });
    expect((await client.start(server())).changed).toBe(false);
    const running = await report('person');
    expect(running).toMatchObject({ state: 'running', restarts: 0, port: started.port, lastLines: [] });
    expect(running.memoryBytes).toBeGreaterThan(1_000_000);
    const { env } = await fetchJson(port);
    expect(env.PATH, 'children find programs').toBe(process.env.PATH);
    expect(env.SECRET_TOKEN, 'and get no secrets of the caller').toBeUndefined();

    const pids = [running.pid ?? 0, (await client.report()).pid];
    const { socket } = readSupervisorFile(stateFolder) ?? { socket: '' };
    expect([statSync(stateFolder).mode & 0o777, statSync(socket).mode & 0o777]).toEqual([0o700, 0o600]);
    await client.shutdown();
    for (const pid of pids) await gone(pid);
    expect(readdirSync(stateFolder).sort()).toEqual(['logs', 'ports.json']);
    expect(readdirSync(join(home, 'state', 'evpipe', 'running'))).toEqual([]);
    expect(readFileSync(join(home, '.evpipe', '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('waits for a port, a line, a command or an answer, and renders files with the port that it has chosen', async () => {
    const served = service('person', { GREETING: 'port $(services.self.port)' });
    const file = join(home, 'conf', 'app.ini');
    const program = { ...served.program, files: { [file]: 'port = $(services.self.port)' } } as LaunchSpec['program'];
    const ways: readonly LaunchSpec['ready'][] = [
      { kind: 'tcp' },
      { kind: 'log', pattern: '^listening$' },
      { kind: 'command', command: ['sh', '-c', 'grep -q "port = $PORT" conf/app.ini'] },
      { kind: 'http', path: '/x', headers: { Host: 'shop' }, status: 200, body: 'port ' },
    ];
    for (const ready of ways) {
      // Others run beside: which port it gets is the supervisor's choice.
      const { port: chosen } = await client.start({ ...served, program, ready });
      expect(await report('person')).toMatchObject({ state: 'running', port: chosen });
      expect(readFileSync(file, 'utf8')).toBe(`port = ${chosen}`);
    }
    const { port: last } = await report('person');
    expect(await (await fetch(`http://127.0.0.1:${last}/x`)).text()).toContain(`port ${last}`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const failure = await failureOf(
      client.start({ ...served, ready: { kind: 'http', path: '/', status: 204 }, readyTimeoutMs: 4_000 }),
    );
    expect(failure.message).toContain('it answers 200');
  });

  it('does not call a service running that ends with 0 again and again', async () => {
    await client.start({
      ...base,
      process: 'once',
      program: { kind: 'command', command: ['sh', '-c', 'echo migrated; sleep 0.1'], cwd: home },
      ready: { kind: 'spawned' },
    });
    await waitUntil('a restart', async () => ((await report('once')).restarts >= 3 ? true : undefined), DEADLINE);
    const { state, lastLines } = await report('once');
    expect(state).toBe('restarting');
    expect(lastLines.length, 'its own words').toBeGreaterThan(0);
  });

  it('leaves alone what differs only in how long it is waited for', async () => {
    await client.start(server());
    expect((await client.start({ ...server(), readyTimeoutMs: 7_000 })).changed).toBe(false);
  });

  it('restarts what dies, on the same port, and a changed spec replaces what runs', async () => {
    await client.start(server({ greeting: 'one' }));
    const first = await fetchJson(port);
    process.kill(first.pid, 'SIGKILL');
    const second = await waitUntil(
      'another life',
      async () => {
        const found = await fetchJson(port);
        return found.pid === first.pid ? undefined : found;
      },
      DEADLINE,
    );
    expect(second.greeting).toBe('one');
    expect(await report('server')).toMatchObject({ restarts: 1, lastExit: { code: null, signal: 'SIGKILL' } });

    expect((await client.start(server({ greeting: 'two' }))).changed).toBe(true);
    expect((await fetchJson(port)).greeting).toBe('two');
  });

  it('restarts a process that lives but no longer answers, after saying so', async () => {
    await client.start({ ...server(), protocol: 'http' });
    const { pid } = await fetchJson(port);
    process.kill(pid, 'SIGSTOP');
    await waitUntil('another life', async () => ((await report('server')).restarts === 1 ? true : undefined), DEADLINE);
    await gone(pid);
    const log = readFileSync(join(stateFolder, 'logs', 'server.log'), 'utf8');
    expect(log).toContain('it has not answered for 8 s: it was killed and is being restarted');
  });

  it('restarts a silent process at once for a caller who wants it up, and lets a stopped one stop in order', async () => {
    await client.start({ ...server(), protocol: 'http' });
    const { pid } = await fetchJson(port);
    process.kill(pid, 'SIGSTOP');
    expect(await client.start({ ...server(), protocol: 'http' })).toMatchObject({ changed: true, revived: true });
    const next = await fetchJson(port);
    expect(next.pid).not.toBe(pid);
    process.kill(next.pid, 'SIGSTOP');
    await client.stop('server');
    expect(await report('server')).toMatchObject({ state: 'stopped', lastExit: { code: 0, signal: null } });
  });

  it('tells why a start failed in the last words of the process', async () => {
    const failure = await failureOf(client.start(server({ dieAtStart: true })));
    expect(failure.code).toBe('EVPIPE_PROCESS_EXITED');
    expect(failure.message).toContain('ended with code 3');
    expect(failure.message).toContain('the data folder is not a data folder');
    expect(await report('server')).toMatchObject({
      state: 'failed',
      lastLines: ['the data folder is not a data folder'],
    });
    const missing = {
      ...service('x'),
      program: { kind: 'command' as const, command: ['no-such-program'] as const, cwd: home },
    };
    expect(
      (await failureOf(client.start({ ...missing, program: { ...missing.program, command: ['no-such-program'] } })))
        .message,
    ).toContain('no-such-program: there is no such program');
  });

  it('tells what a service answers that never becomes healthy', async () => {
    const failure = await failureOf(
      client.start({ ...service('person', { HEALTHY_AFTER_MS: '100000' }), readyTimeoutMs: 4_000 }),
    );
    expect(failure).toMatchObject({ code: 'EVPIPE_PROCESS_NOT_READY', kind: 'deadline' });
    expect(failure.message).toContain('it answers 503');
  });

  it('takes the next port where the preferred one is taken, and keeps it from then on', async () => {
    const holder = await new Promise<Server>((resolve) => {
      const listening = createServer().listen(port, '127.0.0.1', () => resolve(listening));
    });
    const moved = await client.start(server(), [port + 1]);
    expect(moved.port).toBeGreaterThan(port + 1);
    await new Promise((resolve) => holder.close(resolve));
    await client.stop('server');
    expect((await report('server')).state).toBe('stopped');
    await client.shutdown();
    client = await ensure();
    expect((await client.start(server())).port).toBe(moved.port);
  });

  it.runIf(process.platform === 'linux')(
    'tells who holds the port of a stopped server at once, and moves it for a caller who brings all up',
    async () => {
      const started = await client.start(server());
      await client.stop('server');
      const holder = await new Promise<Server>((resolve) => {
        const listening = createServer().listen(started.port, '127.0.0.1', () => resolve(listening));
      });
      const failure = await failureOf(client.restart('server'));
      expect(failure.message).toContain(`port ${started.port} is held by process ${process.pid} (`);
      const log = readFileSync(join(stateFolder, 'logs', 'server.log'), 'utf8');
      expect(log.match(/listen EADDRINUSE/g), 'one attempt').toHaveLength(1);
      expect((await client.start(server())).port).not.toBe(started.port);
      await new Promise((resolve) => holder.close(resolve));
    },
  );

  it.runIf(process.platform === 'linux')(
    'does not take somebody else for a service that has not got its port yet',
    async () => {
      const preferred = port + 1;
      const signal = join(home, 'go');
      const both = [client, await ensure()].map((each) => each.start(service('person', { WAITS_FOR: signal })));
      await waitUntil(
        'the service to live',
        async () => (await report('person').catch(() => undefined))?.pid,
        DEADLINE,
      );
      let asked = 0;
      const stranger = createHttpServer((_, response) => {
        asked += 1;
        response.end('fine');
      });
      await once(stranger.listen(preferred, '127.0.0.1'), 'listening');
      await waitUntil('the stranger to be asked', async () => (asked > 1 ? true : undefined), DEADLINE);
      writeFileSync(signal, '');
      const [one, two] = await Promise.all(both);
      const got = one?.port;
      expect(got).not.toBe(preferred);
      expect(two, 'moved once').toEqual({ port: got, preferredPort: preferred, changed: !one?.changed });
      expect(await fetchJson(got ?? 0)).toMatchObject({ pid: (await report('person')).pid });
      await new Promise((resolve) => stranger.close(resolve));
    },
  );

  it('stops a deaf service with its grandchildren, and starts it again', async () => {
    await client.start({ ...service('person', { DEAF: '1', GRANDCHILD: '1' }), stopTimeoutMs: 300 });
    const { pid = 0 } = await report('person');
    const grandchild = Number(
      /grandchild (\d+)/.exec(readFileSync(join(stateFolder, 'logs', 'person.log'), 'utf8'))?.[1],
    );
    expect(identify(grandchild)).toBeDefined();
    await client.restart('person');
    expect([identify(pid), identify(grandchild)]).toEqual([undefined, undefined]);
    expect(await report('person')).toMatchObject({ state: 'running' });
  });

  it('takes its children with it when it is killed', async () => {
    await client.start(server());
    await client.start(service('person'));
    const pids = (readProcessesFile(stateFolder)?.processes ?? []).map((process) => process.pid);
    expect(pids).toHaveLength(2);
    process.kill((await client.report()).pid, 'SIGKILL');
    for (const pid of pids) await gone(pid);
    client = await ensure();
    expect((await client.report()).processes).toEqual([]);
    expect((await client.start(server())).port).toBe(port);
  });

  it('sweeps what was left when supervisor and watchdog were both killed', async () => {
    await client.start({ ...service('person', { DEAF: '1' }) });
    const { pid = 0 } = await report('person');
    const supervisor = (await client.report()).pid;
    for (const watchdog of childrenOf(supervisor).filter((child) => child !== pid)) process.kill(watchdog, 'SIGKILL');
    process.kill(supervisor, 'SIGKILL');
    await gone(supervisor);
    expect(identify(pid)).toBeDefined();
    client = await ensure(); // sweeps, and by force since it is deaf
    expect(identify(pid)).toBeUndefined();
  });

  it('never touches a process that only has the number of one of its own', async () => {
    const { pid } = await client.report();
    const foreign = spawn('sleep', ['600'], { stdio: 'ignore', detached: true });
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    writeProcessesFile(stateFolder, {
      version: 1,
      processes: [{ pid: foreign.pid ?? 0, began: 'before the last boot', stopSignal: 'SIGKILL' }],
    });
    client = await ensure();
    expect(identify(foreign.pid ?? 0)).toBeDefined();
    foreign.kill('SIGKILL');
  });

  it('is one, however many ask for it at once', async () => {
    await client.shutdown();
    const many = await Promise.all([ensure(), ensure(), ensure()]);
    const pids = await Promise.all(many.map(async (one) => (await one.report()).pid));
    expect(new Set(pids).size).toBe(1);
  });

  it('is found by its user from anywhere, as long as it listens, though it is stopped', async () => {
    const env = { XDG_STATE_HOME: join(home, 'state') };
    const { pid } = await client.report();
    for (const signal of ['SIGSTOP', 'SIGCONT'] as const) {
      expect(await runningPipelines(env)).toMatchObject([{ pipeline: 'p', file: join(home, 'evpipe.yaml') }]);
      process.kill(pid, signal);
    }
    expect(await runningPipelines(env)).toHaveLength(1);
    process.kill(pid, 'SIGKILL');
    await waitUntil(
      'the hint not to be believed',
      async () => ((await runningPipelines(env)).length === 0 ? true : undefined),
      DEADLINE,
    );
  });

  it('keeps its ports from other pipelines, those of stopped processes too', async () => {
    await client.start(server());
    await client.stop('server');
    const other = await ensure(join(home, '.evpipe', 'q'));
    const { port: given } = await other.start(server());
    expect(given).toBeGreaterThan(port);
    await other.shutdown();
    expect(await client.start(server())).toMatchObject({ port });
  });

  it('has its socket in a short folder where its own path is too long', async () => {
    const deep = join(home, 'a'.repeat(100), '.evpipe', 'p');
    const other = await ensure(deep);
    const { socketFolder = '' } = readSupervisorFile(deep) ?? {};
    expect(statSync(socketFolder).mode & 0o777).toBe(0o700);
    await other.shutdown();
    expect(existsSync(socketFolder)).toBe(false);
  });

  it('ends by itself when its state folder is removed', async () => {
    const { pid } = await client.report();
    rmSync(stateFolder, { recursive: true, force: true });
    await gone(pid);
  });

  it('ends by itself when its state folder is moved, and leaves nothing where that was', async () => {
    const { pid } = await client.report();
    await client.start(server());
    renameSync(stateFolder, `${stateFolder}-moved`);
    await gone(pid);
    expect(existsSync(stateFolder)).toBe(false);
  });
});

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}
