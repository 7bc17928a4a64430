import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectPostgres } from '../../../src/clients/postgres/client.js';
import { connectComponent } from '../../../src/kinds/connector/component.js';
import { database, databaseComponent } from '../../../src/kinds/database/component.js';
import { GATEWAY, gatewayComponent } from '../../../src/kinds/gateway/component.js';
import { type ServiceLaunch, service, serviceComponent } from '../../../src/kinds/service/component.js';
import { kafkaComponent } from '../../../src/kinds/topic/component.js';
import type { TargetSection } from '../../../src/pipeline/pipeline.js';
import { identify } from '../../../src/supervisor/children/process-identity.js';
import { silentLog } from '../../../src/support/log.js';
import { waitUntil } from '../../../src/support/retry.js';
import { type Component, server } from '../../../src/targets/component.js';
import { openTarget } from '../../../src/targets/open.js';
import type { Target } from '../../../src/targets/target.js';

const services = fileURLToPath(new URL('../../fixtures/services/', import.meta.url));

let folder: string;
let stateFolder: string;
let port: number;
let target: Target;

type Components = (placed: TargetSection) => readonly Component[];

const databases: Components = (target) => ['person', 'planning'].map((name) => databaseComponent({ name }, { target }));
const greeterAt = (target: TargetSection, preferred: number | undefined): Component =>
  serviceComponent({ name: 'greeter', port: preferred, container: undefined }, { target, folder }, new Set());

function open(
  placed: TargetSection = { name: 'embedded', base: 'embedded' },
  components: Components = (at) => [...databases(at), greeterAt(at, port)],
  env: Record<string, string> = {},
): Target {
  const file = join(folder, 'evpipe.yaml');
  const input = { pipeline: 'p', file, folder, target: placed, components: components(placed) };
  return openTarget(input, { stateFolder, env: { ...process.env, XDG_STATE_HOME: folder, ...env }, log: silentLog });
}

const greeter = (name: string): ServiceLaunch => ({
  run: { kind: 'module', module: join(services, 'greeter.ts') },
  env: { NAME: name },
  ready: { kind: 'http', path: '/' },
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-target-'));
  stateFolder = join(folder, '.evpipe', 'p');
  port = await getPort({ host: '127.0.0.1' });
  target = open();
});

afterEach(async () => {
  await target.shutdown({ volumes: true });
  expect(readdirSync(folder), 'nothing is left').toEqual(['evpipe']);
  rmSync(folder, { recursive: true, force: true });
});

const text = async (url = '') => (await fetch(url)).text();

describe('the embedded target', () => {
  it('runs PostgreSQL and a service, keeps data and ports over down and up, and gives endpoints', async () => {
    const [person, planning] = await Promise.all([
      target.start(database('person')),
      target.start(database('planning')),
    ]);
    expect([person.changed, planning.changed]).toEqual([true, true]);
    expect([person.endpoint.host.database, planning.endpoint.host.database]).toEqual(['person', 'planning']);
    const maintenance = { url: person.endpoint.host.url.replace(/person$/, 'postgres') };
    const before = await connectPostgres(maintenance);
    await before.execute('CREATE DATABASE person');
    await before.close();
    const started = await target.start(service('greeter'), greeter('Ada'));
    expect(await text(started.endpoint.host.url)).toBe('hello Ada');
    expect((await target.status()).map(({ process, state }) => `${process} ${state}`)).toEqual([
      'postgres running',
      'greeter running',
    ]);
    const pids = (await target.status()).map((status) => status.pid ?? 0);

    await target.shutdown({ volumes: false });
    expect(pids.map(identify)).toEqual([undefined, undefined]);
    expect((await target.status()).map((status) => status.state)).toEqual(['stopped', 'stopped']);
    expect(await target.endpoint(database('person'))).toBeUndefined();

    const again = await target.start(database('person'));
    expect(again.endpoint).toEqual(person.endpoint);
    const after = await connectPostgres({ url: again.endpoint.host.url });
    await after.close();
    expect((await target.endpoint(database('planning')))?.host.url).toBe(planning.endpoint.host.url);
  });

  it('is started twice at the same time and still is one', async () => {
    const [one, two] = [open(), open()];
    const starts = await Promise.all([one, two].map((each) => each.start(database('person'))));
    expect(starts[0]?.endpoint).toEqual(starts[1]?.endpoint);
    expect(starts.filter((started) => started.changed)).toHaveLength(1);
    const client = await connectPostgres({ url: starts[0]?.endpoint.host.url.replace(/person$/, 'postgres') ?? '' });
    await client.close();
    await Promise.all([one.close(), two.close()]);
  });

  it('leaves a running service alone, and restarts it when its code or its environment has changed', async () => {
    const start = async (launch: ServiceLaunch) => {
      const another = open();
      const started = await another.start(service('greeter'), launch);
      await another.close();
      return { changed: started.changed, answer: await text(started.endpoint.host.url) };
    };
    const module = join(folder, 'evpipe', 'greeter.ts');
    expect(await start(greeter('Ada'))).toEqual({ changed: true, answer: 'hello Ada' });
    expect(await start(greeter('Ada'))).toEqual({ changed: false, answer: 'hello Ada' });
    expect(await start(greeter('Grace'))).toEqual({ changed: true, answer: 'hello Grace' });
    const code = readFileSync(join(services, 'greeter.ts'), 'utf8').replace(
      './greeting.js',
      join(services, 'greeting.js'),
    );
    writeFileSync(module, code.replace('greeting(', '"oh, " + greeting('));
    const changed = { ...greeter('Grace'), run: { kind: 'module' as const, module } };
    expect(await start(changed)).toEqual({ changed: true, answer: 'oh, hello Grace' });
    rmSync(module);
  });

  it('names the place in the source where a service throws, and where it does not build', async () => {
    const { endpoint } = await target.start(service('greeter'), greeter('Ada'));
    await fetch(`${endpoint.host.url}/throw`).catch(() => {});
    await waitUntil('a restart', async () => ((await target.status())[1]?.restarts === 1 ? true : undefined), {
      timeoutMs: 30_000,
    });
    const lines: string[] = [];
    for await (const line of target.logs({ of: ['greeter'] })) lines.push(line.text);
    expect(lines.join('\n')).toContain('greeter.ts:5');
    const module = join(folder, 'evpipe', 'broken.ts');
    writeFileSync(module, `export const ok = 1;\nimport { nothing } from './missing.js';\nconsole.log(nothing);\n`);
    const broken = { ...greeter('x'), run: { kind: 'module' as const, module } };
    await expect(target.start(service('greeter'), broken)).rejects.toMatchObject({
      code: 'EVPIPE_SERVICE_BUILD',
      location: { file: module, line: 2, column: 25 },
    });
    rmSync(module);
  });

  it('follows logs of several processes', async () => {
    await target.start(service('greeter'), {
      run: { kind: 'command', command: ['sh', '-c', 'echo one; sleep 0.3; echo two; sleep 600'] },
      env: {},
      ready: { kind: 'spawned' },
    });
    const ended = new AbortController();
    const lines: string[] = [];
    for await (const { process, text } of target.logs({ follow: true, signal: ended.signal })) {
      if (!text.includes('supervisor:')) lines.push(`${process} ${text}`);
      if (text === 'two') ended.abort();
    }
    expect(lines).toEqual(['greeter one', 'greeter two']);
  });

  it('ends what a killed supervisor left, also on down', async () => {
    await target.start(database('person'));
    await target.start(service('greeter'), greeter('Ada'));
    const pids = (await target.status()).map((status) => status.pid ?? 0);
    const { supervisor } = JSON.parse(readFileSync(join(stateFolder, 'supervisor.json'), 'utf8')) as {
      supervisor: { pid: number };
    };
    process.kill(supervisor.pid, 'SIGKILL');
    await target.shutdown({ volumes: true });
    expect(pids.map(identify)).toEqual([undefined, undefined]);
    expect(existsSync(stateFolder)).toBe(false);
  });
});

describe('a target of addresses', () => {
  it('may have the gateway elsewhere, and starts none then', async () => {
    const gateway = { url: 'https://shop.example.org/' };
    const elsewhere = open({ name: 'live', base: 'embedded', gateway }, (at) => [
      gatewayComponent({ port: 8080, routes: [] }, { target: at }),
    ]);
    expect(elsewhere.providerOf(GATEWAY)).toBe('address');
    const started = await elsewhere.start(GATEWAY, { routes: [] });
    expect(started).toMatchObject({ changed: false, endpoint: { host: { url: 'https://shop.example.org' } } });
    expect((await elsewhere.status()).find(({ process }) => process === 'gateway')).toMatchObject({
      provider: 'address',
      address: 'https://shop.example.org',
    });
    await elsewhere.close();
    await target.start(service('greeter'), greeter('nobody')); // so that the folder is as afterEach expects it
  });

  it('takes them from the file, then from the environment, and names all that are missing', async () => {
    const cluster = { name: 'cluster', base: 'cluster' as const, kafka: { bootstrapServers: 'h:9093', ssl: true } };
    const servers: Components = (at) => [
      ...databases(at),
      kafkaComponent({ name: 'p', target: at }),
      connectComponent({ name: 'p', target: at }),
      greeterAt(at, undefined),
    ];
    expect(() => open(cluster, servers)).toThrow(
      /postgres\/person \(EVPIPE_DATABASE_PERSON_URL\), postgres\/planning .*connect \(EVPIPE_CONNECT_URL\)/,
    );
    const staging = open(cluster, servers, {
      EVPIPE_KAFKA_BOOTSTRAP_SERVERS: 'ignored:1',
      EVPIPE_CONNECT_URL: 'http://c:8083/',
      EVPIPE_CONNECT_INSIDE_URL: 'http://connect:8083',
      EVPIPE_DATABASE_PERSON_URL: 'postgres://u:ge%40heim@db/person',
      EVPIPE_DATABASE_PLANNING_URL: 'postgres://u:p@db:5433/planning',
    });
    expect((await staging.endpoint(server('kafka')))?.host).toEqual({ bootstrapServers: 'h:9093', ssl: true });
    expect(await staging.endpoint(server('connect'))).toEqual({
      host: { url: 'http://c:8083' },
      inside: { url: 'http://connect:8083' },
    });
    expect((await staging.endpoint(database('person')))?.host).toMatchObject({
      password: 'ge@heim',
      port: 5432,
      ours: false,
    });
    expect(staging.providerOf(service('greeter'))).toBe('embedded');
    expect([staging.faceOf(server('connect')), staging.faceOf(service('greeter'))]).toEqual(['inside', 'host']);
    const status = await staging.status();
    expect(JSON.stringify(status)).not.toContain('heim');
    expect(status[0]).toMatchObject({ provider: 'address', state: 'unknown', address: 'db:5432/person' });
    await target.start(service('greeter'), greeter('nobody')); // so that the folder is as afterEach expects it
  });
});
