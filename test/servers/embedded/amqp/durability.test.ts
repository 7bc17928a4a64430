import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/support/clock.js';
import { drained, got, send } from '../../../matrix/amqp/client.js';
import { seeded } from '../../../support/seeded.js';
import { TestAmqp } from './running-amqp.js';

describe('an AMQP server that is started again', () => {
  it('has the durable queues, exchanges, bindings and persistent messages, and nothing else', async () => {
    const server = await TestAmqp.start();
    const channel = await (await server.connect()).createConfirmChannel();
    await channel.assertExchange('kept', 'topic', { durable: true });
    await channel.assertExchange('gone', 'topic', { durable: false });
    await channel.assertQueue('kept', { durable: true });
    await channel.assertQueue('gone', { durable: false });
    await channel.bindQueue('kept', 'kept', 'a.#');
    channel.publish('kept', 'a.b', Buffer.from('kept'), { persistent: true, headers: { n: 1 } });
    channel.publish('kept', 'a.b', Buffer.from('gone'), { persistent: false });
    channel.sendToQueue('gone', Buffer.from('gone'), { persistent: true });
    await channel.waitForConfirms();
    await server.restart();
    const again = await (await server.connect()).createConfirmChannel();
    expect(await again.checkQueue('kept')).toMatchObject({ messageCount: 1 });
    again.publish('kept', 'a.c', Buffer.from('through the binding'), { persistent: true });
    await again.waitForConfirms();
    const first = await got(again, 'kept');
    expect([first.content.toString(), first.properties.headers, first.fields.redelivered]).toEqual([
      'kept',
      { n: 1 },
      false,
    ]);
    expect((await got(again, 'kept')).content.toString()).toBe('through the binding');
    const errors: Error[] = [];
    again.on('error', (error) => errors.push(error));
    await expect(again.checkQueue('gone')).rejects.toThrow("NOT_FOUND - no queue 'gone' in vhost '/'");
  });

  it('does not bring back what was acknowledged, and marks what was out as redelivered', async () => {
    const server = await TestAmqp.start();
    const channel = await (await server.connect()).createConfirmChannel();
    await channel.assertQueue('q', { durable: true });
    for (let n = 0; n < 10; n++) channel.sendToQueue('q', Buffer.from(String(n)), { persistent: true });
    await channel.waitForConfirms();
    for (let n = 0; n < 6; n++) {
      const message = await channel.get('q');
      if (message && n % 2 === 0) channel.ack(message);
    }
    await channel.checkQueue('q');
    await server.restart();
    const again = await (await server.connect()).createChannel();
    const left: unknown[] = [];
    for (;;) {
      const message = await again.get('q');
      if (!message) break;
      left.push([message.content.toString(), message.fields.redelivered]);
    }
    expect(left).toEqual([
      ['1', true],
      ['3', true],
      ['5', true],
      ['6', false],
      ['7', false],
      ['8', false],
      ['9', false],
    ]);
  });
});

describe('an AMQP server that was away', () => {
  // An expired message once reached its dead-letter queue before that had taken up its own messages, and took their numbers.
  it('moves what has expired meanwhile behind what its dead-letter queue had', async () => {
    let nowMs = Date.now();
    const clock = { ...systemClock, now: () => nowMs };
    const server = await TestAmqp.start({ clock });
    const channel = await (await server.connect()).createConfirmChannel();
    await channel.assertQueue('brief', { messageTtl: 60_000, deadLetterExchange: '', deadLetterRoutingKey: 'dead' });
    await channel.assertQueue('dead');
    await send(channel, 'dead', ['first', 'second'], { persistent: true });
    await send(channel, 'brief', ['late'], { persistent: true });
    for (let restarts = 0; restarts < 2; restarts++) {
      await server.restart(() => {
        nowMs += 120_000;
      });
      const again = await (await server.connect()).createChannel();
      expect((await again.checkQueue('dead')).messageCount).toBe(3);
    }
    const reader = await (await server.connect()).createChannel();
    expect(await drained(reader, 'dead')).toEqual(['first', 'second', 'late']);
  });
});

/** All files of all queues' logs, oldest first. */
function logFiles(dataDir: string): string[] {
  const queues = join(dataDir, 'queues');
  return readdirSync(queues, { recursive: true })
    .map((file) => join(queues, String(file)))
    .filter((file) => file.endsWith('.log'))
    .sort();
}

const bytesOf = (files: readonly string[]): number => files.reduce((sum, file) => sum + statSync(file).size, 0);

describe('a queue on disk', () => {
  it('is cut where it was torn: everything before is there, wherever that is', async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1e9);
    console.info(`seed ${seed}`);
    const random = seeded(seed);
    const server = await TestAmqp.start();
    const channel = await (await server.connect()).createConfirmChannel();
    await channel.assertQueue('q', { durable: true });
    const bodies = Array.from({ length: 50 }, (_, n) => `${n}:${'x'.repeat(Math.floor(random() * 300))}`);
    await send(channel, 'q', bodies, { persistent: true });
    let left = bodies.length;
    for (let round = 0; round < 5; round++) {
      await server.restart(() => {
        const [file = ''] = logFiles(server.dataDir);
        truncateSync(file, Math.floor(statSync(file).size * (0.5 + random() / 2)));
      });
      const again = await (await server.connect()).createConfirmChannel();
      const messages: string[] = [];
      for (;;) {
        const message = await again.get('q');
        if (message === false) break;
        messages.push(message.content.toString());
      }
      expect(messages.length).toBeLessThanOrEqual(left);
      expect(messages).toEqual(bodies.slice(0, messages.length));
      left = messages.length;
    }
    // It goes on behind the cut.
    await server.restart();
    const last = await (await server.connect()).createConfirmChannel();
    await send(last, 'q', ['after'], { persistent: true });
    await server.restart();
    const reader = await (await server.connect()).createChannel();
    expect(await drained(reader, 'q')).toEqual([...bodies.slice(0, left), 'after']);
  });

  it('gives its space back as messages are acknowledged, also around one that nobody acknowledges', async () => {
    const server = await TestAmqp.start({ segmentBytes: 16 * 1024 });
    const channel = await (await server.connect()).createConfirmChannel();
    await channel.assertQueue('q', { durable: true });
    await send(channel, 'q', ['stuck'], { persistent: true });
    const stuck = await got(channel, 'q');
    for (let round = 0; round < 12; round++) {
      await send(
        channel,
        'q',
        Array.from({ length: 20 }, () => 'x'.repeat(2000)),
        { persistent: true },
      );
      expect((await drained(channel, 'q')).length).toBe(20);
    }
    // 480 kB went through; four segments of slack are left, and what one turn adds.
    expect(bytesOf(logFiles(server.dataDir))).toBeLessThan(8 * 16 * 1024);
    await server.restart();
    const again = await (await server.connect()).createConfirmChannel();
    const { content, fields } = await got(again, 'q');
    expect([content.equals(stuck.content), fields.redelivered]).toEqual([true, true]);
    again.ackAll();
    await again.checkQueue('q');
    await server.restart();
    expect(await drained(await (await server.connect()).createChannel(), 'q')).toEqual([]);
  });

  it('lets publishers wait while the disk takes nothing, says so, and goes on by itself', async () => {
    const server = await TestAmqp.start();
    const connection = await server.connect();
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue('q', { durable: true });
    const told: string[] = [];
    connection.on('blocked', () => told.push('blocked'));
    connection.on('unblocked', () => told.push('unblocked'));
    const folder = join(server.dataDir, 'queues');
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'in the way');
    channel.sendToQueue('q', Buffer.from('patient'), { persistent: true }, () => told.push('confirmed'));
    await expect.poll(() => told, { timeout: 10_000 }).toEqual(['blocked']);
    const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
    const alarms = (): Promise<Response> =>
      fetch(`${server.managementUrl}/api/health/checks/alarms`, { headers: { authorization } });
    expect((await alarms()).status).toBe(503);
    rmSync(folder);
    await expect.poll(() => [...told].sort(), { timeout: 10_000 }).toEqual(['blocked', 'confirmed', 'unblocked']);
    expect((await alarms()).status).toBe(200);
    expect((await got(channel, 'q')).content.toString()).toBe('patient');
  });

  it('keeps bodies in memory up to a bound only, persistent or not, and loses none', async () => {
    const server = await TestAmqp.start({ memoryBytesMax: 20_000, segmentBytes: 64 * 1024 });
    const channel = await (await server.connect()).createConfirmChannel();
    const bodies = Array.from({ length: 300 }, (_, n) => `${n}${'y'.repeat(1000)}`);
    for (const [queue, durable] of [
      ['durable', true],
      ['passing', false],
    ] as const) {
      await channel.assertQueue(queue, { durable });
      await send(channel, queue, bodies, { persistent: durable });
    }
    expect(bytesOf(logFiles(server.dataDir))).toBeGreaterThan(2 * 290 * 1000);
    const prefix = (await Promise.all([got(channel, 'durable'), got(channel, 'passing')])).map(({ content }) =>
      content.toString(),
    );
    expect(prefix).toEqual([bodies[0], bodies[0]]);
    channel.nackAll(true);
    for (const queue of ['durable', 'passing']) expect(await drained(channel, queue)).toEqual(bodies);
    expect(readFileSync(join(server.dataDir, 'definitions.journal'), 'utf8')).not.toContain('passing');
  });
});
