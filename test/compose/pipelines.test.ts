import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, sandbox } from '../support/evpipe.js';
import { type Docker, startDocker } from './docker.js';
import { buildLookAlikes } from './look-alikes.js';

const run = promisify(execFile);
const TARGET = ['--target', 'compose'];

let engine: Docker;

beforeAll(async () => {
  engine = await startDocker();
  await buildLookAlikes(engine);
});

afterAll(() => engine?.stop());

async function open(pipeline: string): Promise<Sandbox> {
  const box = await sandbox(pipeline);
  Object.assign(box.env, engine.env);
  return box;
}

/** `up` ends well, and its output has all of these. */
async function up(box: Sandbox, ...rows: readonly RegExp[]): Promise<string> {
  const ended = await box.run('up', ...TARGET, '--timeout', '180s');
  expect(ended.code, ended.stderr + ended.stdout).toBe(0);
  for (const row of rows) expect(ended.stdout).toMatch(row);
  return ended.stdout;
}

async function leavesNothing(): Promise<void> {
  expect(await engine.docker('ps', '--all', '--quiet')).toBe('');
  expect(await engine.docker('volume', 'ls', '--quiet')).toBe('');
  expect(await engine.docker('network', 'ls', '--quiet', '--filter', 'label=com.docker.compose.project')).toBe('');
}

// Real Kafka, Connect with Debezium, PostgreSQL and Apicurio Registry; evpipe's own engine in the place of ksqlDB.
describe('person-planning in containers', () => {
  let box: Sandbox;

  beforeAll(async () => {
    box = await open('person-planning');
  });

  afterAll(() => box?.remove(...TARGET));

  it('is consistent, and a second up changes nothing', async () => {
    await up(box, /persons\s+200\s+200/, /balance-sheets\s+500\s+500/);
    expect(await up(box, /persons\s+200\s+200/)).toContain('Nothing to change.');
  });

  it('prints a project that Compose accepts, with no password in it', async () => {
    const { stdout } = await box.run('compose', 'config');
    const file = join(box.folder, '.evpipe/person-planning/compose/printed.yaml');
    await writeFile(file, stdout);
    await run('docker', ['compose', '--file', file, 'config', '--quiet'], { env: box.env });
    expect(stdout).not.toMatch(/postgres:\/\//);
  });

  it('tries migrations before anything changes, and names the line of the one that fails', async () => {
    const migration = join(box.folder, 'sql/person/V999999__broken.sql');
    await writeFile(migration, 'SELECT 1;\nALTER TABLE person_persn ADD COLUMN note text;\n');
    const { code, stdout, stderr } = await box.run('plan', ...TARGET);
    await rm(migration);
    expect(code, stdout + stderr).toBe(1);
    expect(stdout).toMatch(/sql\/person\/V999999__broken\.sql:2:\d+: .*relation "person_persn" does not exist/);
    const again = await box.run('plan', ...TARGET);
    expect(again.stdout, again.stderr).toContain('Nothing to change');
  });

  it('answers to psql and logs, and goes on after stop and start of a server', async () => {
    const counted = await box.run('psql', 'planning', ...TARGET, '-c', 'SELECT count(*) FROM planning_person');
    expect(counted.stdout, counted.stderr).toContain('200');
    const logs = await box.run('logs', 'kafka', ...TARGET, '--tail', '5');
    expect(logs.stdout).toMatch(/kafka/);
    for (const command of ['stop', 'start']) {
      const ended = await box.run(command, 'connect', ...TARGET);
      expect(ended.code, ended.stderr).toBe(0);
    }
    const smoke = await box.run('smoke', ...TARGET);
    expect(smoke.code, smoke.stdout + smoke.stderr).toBe(0);
  });

  it('leaves nothing in the engine after down --volumes', async () => {
    const ended = await box.run('down', '--volumes', ...TARGET);
    expect(ended.code, ended.stderr).toBe(0);
    await leavesNothing();
  });
});

describe.each([
  ['monolith-split', [/products\s+120\s+120/, /entries\s+120\s+120/]],
  ['notification-hub', [/notifications\s+100\s+100/]],
])('%s in containers, its gateway and services on the host', (pipeline, rows) => {
  let box: Sandbox;

  beforeAll(async () => {
    box = await open(pipeline);
  });

  afterAll(() => box?.remove(...TARGET));

  it('is consistent, passes its smoke tests, and keeps its data over down and up', async () => {
    await up(box, ...rows);
    expect((await box.run('down', ...TARGET)).code).toBe(0);
    expect(await engine.docker('ps', '--all', '--quiet')).toBe('');
    await up(box, ...rows);
    const smoke = await box.run('smoke', ...TARGET);
    expect(smoke.code, smoke.stdout + smoke.stderr).toBe(0);
  });

  it('leaves nothing in the engine after down --volumes', async () => {
    const ended = await box.run('down', '--volumes', ...TARGET);
    expect(ended.code, ended.stderr).toBe(0);
    await leavesNothing();
  });
});

describe('the stand-ins for the official images', () => {
  it.each([
    ['apache/kafka:4.1.1', 'KAFKA_RETENTION'],
    ['confluentinc/cp-schema-registry:7.9.2', 'SCHEMA_REGISTRY_TOPIC'],
    ['quay.io/debezium/connect:3.4.0.Final', 'CONNECT_PLUGINS'],
    ['confluentinc/ksqldb-server:0.29.0', 'KSQL_SERVICE_ID'],
    ['postgres:18', 'POSTGRES_PASWORD'],
    ['rabbitmq:4.1-management', 'RABBITMQ_DEFAULT_USR'],
  ])('%s refuses a variable that the official one doesn’t know', async (image, variable) => {
    const started = engine.docker('run', '--rm', '--network', 'none', '--env', `${variable}=x`, image, 'postgres');
    await expect(started).rejects.toMatchObject({ code: 64, stderr: expect.stringContaining(variable) });
  });
});

describe('an engine that is not running', () => {
  it('is named by up, which starts nothing', async () => {
    const box = await open('monolith-split');
    try {
      box.env.DOCKER_HOST = `${engine.env.DOCKER_HOST}.gone`;
      const ended = await box.run('up', ...TARGET);
      expect(ended.code).toBe(4);
      expect(ended.stdout + ended.stderr).toContain('the engine is not running');
      expect((await box.run('doctor', ...TARGET)).stdout).toContain('the engine is not running');
    } finally {
      await box.remove(...TARGET);
    }
  });
});
