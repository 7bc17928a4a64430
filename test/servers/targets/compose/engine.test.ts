import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nginxConfig } from '../../../../src/kinds/gateway/nginx.js';
import { Batches } from '../../../../src/targets/compose/batches.js';
import { parseContainer, stateOf } from '../../../../src/targets/compose/containers.js';
import { Engine, findEngine, requireMemory } from '../../../../src/targets/compose/engine.js';
import { engineError } from '../../../../src/targets/compose/engine-errors.js';
import { envFile } from '../../../../src/targets/compose/env-file.js';

describe('what the engine says', () => {
  it.each([
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      'NOT_RUNNING',
    ],
    [
      'Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
      'FORBIDDEN',
    ],
    ["docker: 'compose' is not a docker command.\nSee 'docker --help'", 'PLUGIN_MISSING'],
    ['docker: unknown command: docker compose', 'PLUGIN_MISSING'],
    ['Error response from daemon: pull access denied for shop/orders, repository does not exist', 'PULL'],
    ['failed to solve: postgres:99: failed to resolve source metadata: postgres:99: not found', 'PULL'],
    [
      'Error response from daemon: Get "https://registry.example.org/v2/": dial tcp: lookup registry.example.org: no such host',
      'PULL',
    ],
    [
      'Error response from daemon: driver failed programming external connectivity on endpoint kafka-1: Bind for 127.0.0.1:9092 failed: port is already allocated',
      'PORT_TAKEN',
    ],
    ['write /var/lib/docker/tmp/GetImageBlob1: no space left on device', 'DISK'],
    ['service "kafka" depends on undefined service "zookeeper"', 'DOCKER_FAILED'],
  ])('%s is told from the rest', (output, code) => {
    const error = engineError('docker', `Network shop_default  Creating\n${output}`);
    expect(error.code).toContain(code);
    expect(error.message).toContain(output.split('\n').at(-1)?.slice(0, 40));
  });

  it('says how to do without an engine where there is none', () => {
    expect(() => findEngine({ PATH: '/nowhere' })).toThrow(
      expect.objectContaining({ code: 'EVPIPE_DOCKER_MISSING', todo: expect.stringContaining('--target embedded') }),
    );
  });

  it('refuses an engine without the memory that the containers need', () => {
    const facts = { program: 'docker', version: '28.0.0', composeVersion: '2.30.0', memoryBytes: 2 * 1024 ** 3 };
    expect(() => requireMemory(facts, 3 * 1024 ** 3)).toThrow(
      'the containers need 3.0 GB of memory; the engine has 2.0 GB',
    );
    expect(() => requireMemory(facts, 1024 ** 3)).not.toThrow();
  });

  it.each([
    ['echo 19.03.15', 'Docker is 19.03.15; at least 20.10 is needed'],
    [
      'if [ "$1" = compose ]; then echo v2.6.1; else echo 28.0.1; fi',
      'Docker Compose is v2.6.1; at least 2.17 is needed',
    ],
    [
      'echo "Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?" >&2; exit 1',
      'the engine is not running',
    ],
  ])('refuses one that is too old or does not run: %s', async (script, message) => {
    const folder = await mkdtemp(join(tmpdir(), 'evpipe-engine-'));
    try {
      await writeFile(join(folder, 'docker'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const engine = new Engine('docker', { PATH: `${folder}:${process.env.PATH}` });
      await expect(engine.facts()).rejects.toThrow(message);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a container', () => {
  const inspected = (state: object) =>
    parseContainer({
      Id: 'c0ffee',
      RestartCount: 1,
      Config: { Labels: { 'com.docker.compose.service': 'kafka' } },
      State: {
        Status: 'running',
        ExitCode: 0,
        StartedAt: '2026-01-01T00:00:00Z',
        FinishedAt: '0001-01-01T00:00:00Z',
        ...state,
      },
    });

  it.each([
    [{ Health: { Status: 'healthy' } }, 'running'],
    [{ Health: { Status: 'starting' } }, 'starting'],
    [{ Health: { Status: 'unhealthy' } }, 'starting'],
    [{}, 'running'],
    [{ Status: 'restarting', ExitCode: 1 }, 'restarting'],
    [{ Status: 'exited' }, 'stopped'],
    [{ Status: 'exited', ExitCode: 143 }, 'stopped'],
    [{ Status: 'exited', ExitCode: 137, OOMKilled: true }, 'failed'],
    [{ Status: 'exited', ExitCode: 1 }, 'failed'],
  ])('with %j is %s', (state, expected) => {
    expect(stateOf(inspected(state))).toBe(expected);
  });
});

describe('files that containers read', () => {
  it('hold any value of a variable', () => {
    expect(envFile({ PASSWORD: 'it\'s "$HOME" \\ #1\nnext', EMPTY: '' })).toBe(
      'PASSWORD="it\'s \\"\\$HOME\\" \\\\ #1\\nnext"\nEMPTY=""\n',
    );
  });

  it('route a path with all below it, and no path that only begins with it', () => {
    const config = nginxConfig([
      { prefix: '/', service: 'shop', url: 'http://shop:8000' },
      { prefix: '/catalog', service: 'catalog', url: 'http://catalog:8001' },
    ]);
    expect(config.match(/location [^{]+/g)).toEqual([
      'location = /health ',
      'location / ',
      'location = "/catalog" ',
      'location ^~ "/catalog/" ',
    ]);
  });
});

describe('jobs on one project', () => {
  it('run one at a time, and those that ask meanwhile share the next', async () => {
    const jobs: string[][] = [];
    let running = 0;
    const batches = new Batches<string>(async (items) => {
      running += 1;
      expect(running).toBe(1);
      jobs.push([...items]);
      await Promise.resolve();
      running -= 1;
    });
    const first = batches.add('kafka');
    await Promise.resolve();
    await Promise.resolve();
    await Promise.all([first, batches.add('postgres'), batches.add('redis')]);
    expect(jobs).toEqual([['kafka'], ['postgres', 'redis']]);
  });

  it('that fail do so for those that asked, not for later ones', async () => {
    const batches = new Batches<string>(async ([item]) => {
      if (item === 'bad') throw new Error('no such image');
    });
    await expect(batches.add('bad')).rejects.toThrow('no such image');
    await expect(batches.add('good')).resolves.toBeUndefined();
  });
});
