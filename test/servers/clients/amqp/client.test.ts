import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectAmqp } from '../../../../src/clients/amqp/client.js';
import type { AmqpClient } from '../../../../src/clients/amqp/contract.js';
import { TestAmqp } from '../../embedded/amqp/running-amqp.js';

let server: TestAmqp;
let amqp: AmqpClient;
beforeEach(async () => {
  server = await TestAmqp.start();
  amqp = connectAmqp({ url: server.url });
});
afterEach(() => amqp.close());

const queue = (name: string, args = {}) => ({ name, durable: true, arguments: args });

describe('the AMQP client', () => {
  it('tells of queues that are there, and goes on after one that is not', async () => {
    expect(await amqp.server()).toMatchObject({ product: 'RabbitMQ' });
    expect(await amqp.queue('none')).toBeUndefined();
    expect(await amqp.hasExchange('none')).toBe(false);
    await amqp.declareQueue(queue('likes'));
    expect(await amqp.queue('likes')).toEqual({ ready: 0, consumers: 0 });
  });

  it('says where a message went nowhere', async () => {
    await expect(amqp.publish('', 'none', Buffer.from('x'))).rejects.toMatchObject({ code: 'EVPIPE_AMQP_NO_ROUTE' });
    await amqp.declareExchange({ name: 'events', type: 'topic', durable: true, arguments: {} });
    await expect(amqp.publish('events', 'a', Buffer.from('x'))).rejects.toThrow('routes key "a" to no queue');
  });

  it('looks at messages without taking them, in their order, and says why they died', async () => {
    const dead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
    await amqp.declareQueue(queue('dead'));
    await amqp.declareQueue(queue('likes', dead));
    for (const id of ['1', '2', '3']) await amqp.publish('', 'likes', Buffer.from(`body ${id}`), { messageId: id });
    for (let look = 0; look < 2; look += 1) {
      const peeked = await amqp.peek('likes', 2);
      expect(peeked.map(({ messageId, body, died }) => [messageId, body.toString(), died])).toEqual([
        ['1', 'body 1', undefined],
        ['2', 'body 2', undefined],
      ]);
    }
    await expect.poll(() => amqp.queue('likes'), { timeout: 10_000 }).toEqual({ ready: 3, consumers: 0 });
    const channel = await (await server.connect()).createChannel();
    const first = await channel.get('likes');
    if (first !== false) channel.reject(first, false);
    await expect.poll(() => amqp.queue('dead'), { timeout: 10_000 }).toMatchObject({ ready: 1 });
    expect(await amqp.peek('dead', 5)).toMatchObject([{ messageId: '1', died: 'rejected from likes' }]);
  });

  it('connects again after the broker was away, and names its address where it stays away', async () => {
    await amqp.declareQueue(queue('likes'));
    await server.restart();
    await expect.poll(() => amqp.queue('likes').catch(() => undefined), { timeout: 20_000 }).toBeDefined();
    const nobody = connectAmqp({ url: 'amqp://user:secret@127.0.0.1:1' });
    const failure: unknown = await nobody.queue('likes').catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'EVPIPE_AMQP_UNREACHABLE', kind: 'unreachable' });
    expect(String(failure)).toContain('127.0.0.1:1');
    expect(String(failure)).not.toContain('secret');
  });
});
