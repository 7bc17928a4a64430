import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectAmqp } from '../../../src/clients/amqp/client.js';
import type { AmqpClient } from '../../../src/clients/amqp/contract.js';
import { bindingResource, exchangeResource, queueResource } from '../../../src/kinds/rabbitmq/resource.js';
import { reconcile } from '../../../src/kinds/resource.js';
import { TestAmqp } from '../embedded/amqp/running-amqp.js';

let amqp: AmqpClient;
beforeEach(async () => {
  amqp = connectAmqp({ url: (await TestAmqp.start()).url });
});
afterEach(() => amqp.close());

const wait = { waitingFor: () => {}, signal: new AbortController().signal, timeoutMs: 10_000 };
const location = { file: 'evpipe.yaml', line: 7, column: 3 };

describe('exchanges, queues and bindings', () => {
  it('are made once, and then are as declared', async () => {
    const exchange = { name: 'events', type: 'topic', durable: true, arguments: {} } as const;
    const queue = { name: 'mails', durable: true, arguments: { 'x-message-ttl': 60_000 } };
    const binding = { name: 'events → mails', exchange: 'events', queue: 'mails', key: 'user.*', arguments: {} };
    const nobodyKnows = { amqp, isBound: async () => false };
    expect(await reconcile(exchangeResource, exchange, { amqp }, wait)).toEqual([{ summary: 'new' }]);
    expect(await reconcile(queueResource, queue, { amqp }, wait)).toEqual([{ summary: 'new' }]);
    expect(await reconcile(bindingResource, binding, nobodyKnows, wait)).toEqual([{ summary: 'new' }]);
    await amqp.publish('events', 'user.created', Buffer.from('1'));
    expect(await reconcile(exchangeResource, exchange, { amqp }, wait)).toEqual([]);
    expect(await reconcile(queueResource, queue, { amqp }, wait)).toEqual([]);
    await reconcile(bindingResource, binding, nobodyKnows, wait);
    expect(await amqp.queue('mails')).toEqual({ ready: 1, consumers: 0 });
  });

  it('are refused with both values where they are there otherwise, and nothing is deleted', async () => {
    await amqp.declareQueue({ name: 'likes', durable: true, arguments: { 'x-message-ttl': 3_600_000 } });
    await amqp.declareExchange({ name: 'events', type: 'fanout', durable: true, arguments: {} });
    await amqp.publish('', 'likes', Buffer.from('kept'));
    const queue = (args: Record<string, number>, durable = true) =>
      reconcile(queueResource, { name: 'likes', durable, arguments: args, location }, { amqp }, wait);
    await expect(queue({ 'x-message-ttl': 7_200_000 })).rejects.toMatchObject({
      code: 'EVPIPE_CHANGE_REFUSED',
      message: "queue likes: x-message-ttl is '3600000', declared '7200000': RabbitMQ cannot change an existing queue",
      location,
    });
    await expect(queue({})).rejects.toThrow(/x-message-ttl is .*3600000.*, declared none/);
    await expect(queue({ 'x-message-ttl': 3_600_000 }, false)).rejects.toThrow("durable is 'true', declared 'false'");
    const exchange = { name: 'events', type: 'direct', durable: true, arguments: {}, location } as const;
    await expect(reconcile(exchangeResource, exchange, { amqp }, wait)).rejects.toThrow(
      "exchange events: type is 'fanout', declared 'direct'",
    );
    expect(await amqp.queue('likes')).toMatchObject({ ready: 1 });
  });
});
