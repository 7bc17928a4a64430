import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectAmqp } from '../../../../src/clients/amqp/client.js';
import type { AmqpClient } from '../../../../src/clients/amqp/contract.js';
import { connectManagement, type RabbitmqManagement } from '../../../../src/clients/amqp/management.js';
import { TestAmqp } from '../../embedded/amqp/running-amqp.js';

let server: TestAmqp;
let amqp: AmqpClient;
let management: RabbitmqManagement;
beforeEach(async () => {
  server = await TestAmqp.start();
  amqp = connectAmqp({ url: server.url });
  // The API answers on the broker's own port too.
  management = connectManagement({ url: `http://guest:guest@127.0.0.1:${server.port}` }, '/');
  await amqp.declareQueue({ name: 'likes', durable: true, arguments: {} });
});
afterEach(async () => {
  management.close();
  await amqp.close();
});

const publish = async (count: number): Promise<void> => {
  for (let number = 0; number < count; number += 1) await amqp.publish('', 'likes', Buffer.from('x'));
};

describe('the client of the HTTP API', () => {
  it('tells what waits, what is in hand and what was acknowledged', async () => {
    expect(await management.queue('none')).toBeUndefined();
    expect(await management.queue('likes')).toEqual({ ready: 0, unacknowledged: 0, consumers: 0, automatic: 0 });
    await publish(3);
    const channel = await (await server.connect()).createChannel();
    await channel.prefetch(2);
    const taken: Parameters<typeof channel.ack>[0][] = [];
    await channel.consume('likes', (message) => void (message && taken.push(message)));
    await expect.poll(() => taken.length, { timeout: 10_000 }).toBe(2);
    const [first] = taken;
    if (first !== undefined) channel.ack(first);
    await expect.poll(() => taken.length, { timeout: 10_000 }).toBe(3);
    expect(await management.queue('likes')).toEqual({
      ready: 0,
      unacknowledged: 2,
      consumers: 1,
      automatic: 0,
      counters: { published: 3, acknowledged: 1, deliveredUnacknowledged: 0 },
    });
  });

  it('tells of receivers that acknowledge automatically, as those of the original did', async () => {
    await publish(2);
    const channel = await (await server.connect()).createChannel();
    let got = 0;
    const count = (): void => {
      got += 1;
    };
    await channel.consume('likes', count, { noAck: true });
    await expect.poll(() => got, { timeout: 10_000 }).toBe(2);
    expect(await management.queue('likes')).toMatchObject({
      automatic: 1,
      counters: { published: 2, acknowledged: 0, deliveredUnacknowledged: 2 },
    });
  });

  it('knows bindings by their key and arguments', async () => {
    const binding = { exchange: 'events', queue: 'likes', key: 'a.*', arguments: {} };
    await amqp.declareExchange({ name: 'events', type: 'topic', durable: true, arguments: {} });
    expect(await management.isBound(binding)).toBe(false);
    await amqp.bind(binding);
    expect(await management.isBound(binding)).toBe(true);
    expect(await management.isBound({ ...binding, key: 'b.*' })).toBe(false);
  });
});
