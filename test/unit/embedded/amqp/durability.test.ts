import { describe, expect, it } from 'vitest';
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
    const first = await again.get('kept');
    expect(first && [first.content.toString(), first.properties.headers, first.fields.redelivered]).toEqual([
      'kept',
      { n: 1 },
      false,
    ]);
    const second = await again.get('kept');
    expect(second && second.content.toString()).toBe('through the binding');
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
