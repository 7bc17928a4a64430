import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lifetime } from '../../src/support/lifetime.js';
import { Stack } from '../support/stack.js';
import { type RealRabbitmq, startRealRabbitmq } from './stack/rabbitmq.js';

const TARGET = ['--target', 'real'] as const;

describe('notification-hub on Debian’s RabbitMQ', () => {
  const lifetime = new Lifetime();
  let dataDir: string;
  let rabbitmq: RealRabbitmq;
  let stack: Stack;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'evpipe-hub-rabbitmq-'));
    lifetime.onEnd(() => rm(dataDir, { recursive: true, force: true }));
    rabbitmq = await startRealRabbitmq({ dataDir });
    lifetime.onEnd(() => rabbitmq.stop());
    stack = await Stack.prepare('notification-hub');
    lifetime.onEnd(() => stack.box.remove(...TARGET));
    const target = `\ntargets: { real: { rabbitmq: { url: "${rabbitmq.url}" } } }\n`;
    appendFileSync(join(stack.box.folder, 'evpipe.yaml'), target);
    tellManagement();
  });
  afterAll(() => lifetime.end());

  /** Its HTTP API is on another port after each start. */
  const tellManagement = (): void => {
    stack.box.env.EVPIPE_RABBITMQ_MANAGEMENT_URL = rabbitmq.managementUrl;
  };

  const verify = () => stack.run('verify-consistency', ...TARGET);

  it('passes its smoke tests, and changes nothing on a second up', async () => {
    const smoke = await stack.run('smoke', '--up', '--seed', ...TARGET);
    expect(smoke.code, `${smoke.stderr}${smoke.stdout}`).toBe(0);
    const again = await stack.run('up', '--seed', ...TARGET);
    expect(again.code, again.stdout).toBe(0);
    expect(again.stdout).toContain('Nothing to change.');
  });

  it('loses nothing when the broker is killed with messages in it, and says meanwhile which queue holds them', async () => {
    expect((await stack.run('stop', 'notification', ...TARGET)).code).toBe(0);
    const users = `${await stack.url('main')}/api/v1/main/users`;
    const addUser = async (name: string): Promise<void> => {
      const body = JSON.stringify({ name, email: `${name}@example.org` });
      const answer = await fetch(users, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      expect(answer.status).toBe(201);
    };
    await addUser('before');
    const lagging = await verify();
    expect(lagging.code, lagging.stdout).toBe(5);
    expect(lagging.stdout).toContain('queue user-notifications holds 1 message, 0 consumers');
    const { port } = rabbitmq;
    await rabbitmq.stop('SIGKILL');
    await addUser('during'); // the outbox keeps it
    rabbitmq = await startRealRabbitmq({ dataDir, port });
    tellManagement();
    expect((await stack.run('start', 'notification', ...TARGET)).code).toBe(0);
    const ended = await verify();
    expect(ended.code, ended.stdout).toBe(0);
    expect(ended.stdout).toContain('103 published = acknowledged = 103 effects');
  });

  it('refuses a queue that is there otherwise, with both values and its place, and deletes nothing', async () => {
    const overlay = join(stack.box.folder, 'overlay.yaml');
    appendFileSync(overlay, 'rabbitmq: { queues: { user-notifications: { arguments: { x-max-length: 5 } } } }\n');
    const ended = await stack.run('up', '--seed', '-f', 'evpipe.yaml', '-f', 'overlay.yaml', ...TARGET);
    expect(ended.code, ended.stdout).toBe(1);
    expect(`${ended.stdout}${ended.stderr}`).toMatch(/queue user-notifications: x-max-length is none, declared '5'/);
    expect((await verify()).code).toBe(0);
  });
});
