import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectAmqp } from '../../src/clients/amqp/client.js';
import { waitUntil } from '../../src/support/retry.js';
import type { Ended } from '../support/evpipe.js';
import { Stack } from '../support/stack.js';

interface Report {
  readonly check: string;
  readonly verdict: string;
  readonly why?: string;
  readonly findings: ReadonlyArray<{
    readonly kind: string;
    readonly key: readonly string[];
    readonly columns: unknown;
  }>;
}

function reports({ stdout }: Ended): Map<string, Report> {
  const lines = stdout.split('\n').filter((line) => line !== '');
  const found = lines.map((line) => JSON.parse(line) as { readonly kind: string; readonly report: Report });
  return new Map(found.flatMap(({ kind, report }) => (kind === 'check-report' ? [[report.check, report]] : [])));
}

const QUEUE = 'user-notifications';
const USERS = '/api/v1/main/users';

describe('notification-hub', () => {
  let stack: Stack;
  let others = 0;

  beforeAll(async () => {
    stack = await Stack.proven('notification-hub');
  });
  afterAll(() => stack?.remove());

  const verify = () => stack.run('verify-consistency', '--output', 'json');
  /** Answered by the service, however long that takes while servers are killed. */
  const addUser = async (): Promise<void> => {
    others += 1;
    const body = JSON.stringify({
      id: `00000000-0000-4000-8000-${String(others).padStart(12, '0')}`,
      name: `User ${others}`,
      email: `user${others}@example.org`,
    });
    await waitUntil(
      'main to take a user',
      async () => {
        const url = `${await stack.url('main')}${USERS}`;
        const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        return answer.ok || undefined;
      },
      { timeoutMs: 60_000 },
    );
  };
  const amqp = async () => connectAmqp({ url: await stack.rabbitmqUrl() });

  it('changes nothing on a second up', async () => {
    const ended = await stack.run('up');
    expect(ended.code, ended.stdout).toBe(0);
    expect(ended.stdout).toContain('Nothing to change.');
    const names = (await stack.processes()).map(({ process }) => process).sort();
    expect(names, 'no Kafka, which it does not use').toEqual([
      'gateway',
      'main',
      'notification',
      'postgres',
      'rabbitmq',
      'redis',
    ]);
  });

  it('plans for each edit of the file what would restart, and leaves seeds to `evpipe seed`', async () => {
    const edits: readonly (readonly [edit: string, code: number, found: RegExp])[] = [
      ['services: { main: { env: { MORE: a } } }', 3, /~ service main .*\n +env MORE unset → a {2}\(it restarts\)/],
      ['services: { main: { env: { API_KEY: a } } }', 3, /env API_KEY unset → \[hidden\]/],
      ['services: { main: { ready: { http: /, timeout: 9s } } }', 3, /~ service main .*\n +readiness changed/],
      ['services: { main: { files: { .evpipe/a.conf: README.md } } }', 3, /~ service main .*\n +file a.conf changed/],
      ['gateway: { routes: { /api/v1/main: notification } }', 3, /route \/api\/v1\/main main → notification/],
      ['rabbitmq: { queues: { more: {} } }', 3, /\+ queue more/],
      ['seed: { users: { rows: 1000 } }', 0, /· seed users {2}\d+ of 1000 rows to create; left to `evpipe seed`/],
    ];
    for (const [edit, code, found] of edits) {
      writeFileSync(join(stack.box.folder, 'edit.yaml'), edit);
      const planned = await stack.run('plan', '-f', 'evpipe.yaml', '-f', 'edit.yaml');
      expect(planned.stdout, edit + planned.stderr).toMatch(found);
      expect(planned.code, edit).toBe(code);
    }
    expect((await stack.run('plan')).stdout).toContain('Nothing to change');
  });

  it('says lagging, and which queue holds how much, while nobody receives; then consistent', async () => {
    expect(await stack.run('stop', 'notification')).toMatchObject({ code: 0 });
    await addUser();
    const ended = await verify();
    expect(ended.code, ended.stdout).toBe(5);
    const why = `queue ${QUEUE} holds 1 message, 0 consumers: its service notification is stopped`;
    expect(reports(ended).get('messages')).toMatchObject({ verdict: 'lagging', why: expect.stringContaining(why) });
    expect(reports(ended).get('notifications')).toMatchObject({ verdict: 'lagging' });
    expect((await stack.run('status')).stdout).toContain('✗ 1 message, 0 consumers');
    expect(await stack.run('start', 'notification')).toMatchObject({ code: 0 });
    expect((await verify()).code).toBe(0);
  });

  it('finds the message that nobody can read in the dead-letter queue', async () => {
    const client = await amqp();
    try {
      await client.publish('users', 'user.created', Buffer.from('{"message":"user_'), { messageId: 'poison' });
      await expect.poll(async () => (await client.queue(`${QUEUE}-dead`))?.ready, { timeout: 30_000 }).toBe(1);
      const ended = await verify();
      expect(ended.code, ended.stdout).toBe(1);
      expect(reports(ended).get('messages')).toMatchObject({
        verdict: 'inconsistent',
        why: expect.stringContaining(`1 message lies in queue ${QUEUE}-dead`),
        findings: [
          {
            kind: 'dead-letter',
            key: ['poison'],
            columns: [{ column: `rejected from ${QUEUE}`, source: '{"message":"user_' }],
          },
        ],
      });
      expect(await client.queue(`${QUEUE}-dead`)).toMatchObject({ ready: 1 }); // it was only looked at
    } finally {
      await client.close();
    }
    await drainDeadLetters();
    expect((await verify()).code).toBe(0);
  });

  it('loses and doubles nothing while broker and receiver are killed', async () => {
    const adding = (async () => {
      for (let number = 0; number < 30; number += 1) await addUser();
    })();
    for (const victim of ['rabbitmq', 'notification', 'rabbitmq', 'main']) {
      await stack.kill(victim);
      await addUser();
    }
    await adding;
    const ended = await verify();
    expect(ended.code, ended.stdout).toBe(0);
    expect([...reports(ended).values()].map(({ verdict }) => verdict)).toEqual([
      'consistent',
      'consistent',
      'consistent',
    ]);
  });

  it('finds the effect that is missing, and the user whom nobody was told of', async () => {
    const [main, notification] = await Promise.all([stack.database('main'), stack.database('notification')]);
    try {
      await notification.query("DELETE FROM notification_notification WHERE email = 'user1@example.org'");
      await main.query(
        "INSERT INTO users_user (id, name, email) VALUES (gen_random_uuid(), 'By hand', 'hand@example.org')",
      );
      const ended = await verify();
      expect(ended.code, ended.stdout).toBe(1);
      expect(reports(ended).get('messages')).toMatchObject({
        verdict: 'inconsistent',
        why: expect.stringMatching(/^1 of \d+ messages had no effect/),
      });
      expect(reports(ended).get('notifications')).toMatchObject({ findings: [{ kind: 'missing' }] });
      expect(reports(ended).get('users')?.findings[0]?.key).toContain('hand@example.org');
    } finally {
      await Promise.all([main.close(), notification.close()]);
    }
  });

  it('comes up a second time beside itself, on other ports', async () => {
    const other = await Stack.up('notification-hub', '--no-seed', '--no-verify');
    try {
      for (const name of ['gateway', 'main', 'rabbitmq', 'postgres'])
        expect(await other.portOf(name)).not.toBe(await stack.portOf(name));
    } finally {
      await other.remove();
    }
  });

  /** Looked at and thrown away, as somebody would who has mended their cause. */
  async function drainDeadLetters(): Promise<void> {
    const { connect } = await import('amqplib');
    const connection = await connect(await stack.rabbitmqUrl());
    const channel = await connection.createChannel();
    await channel.purgeQueue(`${QUEUE}-dead`);
    await connection.close();
  }
});
