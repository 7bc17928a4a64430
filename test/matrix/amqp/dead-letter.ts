import { describe, expect, it } from 'vitest';
import { declared, drained, got, opened, type Place, ready, send, unique, untilReady } from './client.js';

const time = expect.objectContaining({ '!': 'timestamp' });

export function proveDeadLettering(place: Place): void {
  describe('dead-lettering', () => {
    it('of rejected messages, with x-death as RabbitMQ writes it', async () => {
      const channel = await opened(place);
      const dead = await declared(channel);
      const queue = await declared(channel, { deadLetterExchange: '', deadLetterRoutingKey: dead });
      channel.sendToQueue(queue, Buffer.from('m'), { headers: { mine: 1 }, expiration: '100000', persistent: true });
      await channel.waitForConfirms();
      channel.reject(await got(channel, queue), false);
      await untilReady(channel, dead, 1);
      const message = await got(channel, dead);
      expect(message.fields).toMatchObject({ exchange: '', routingKey: dead, redelivered: false });
      expect(message.properties.expiration).toBeUndefined();
      expect(message.properties.deliveryMode).toBe(2);
      expect(message.properties.headers).toEqual({
        mine: 1,
        'x-first-death-exchange': '',
        'x-first-death-queue': queue,
        'x-first-death-reason': 'rejected',
        'x-death': [
          {
            count: 1,
            exchange: '',
            queue,
            reason: 'rejected',
            'routing-keys': [queue],
            time,
            'original-expiration': '100000',
          },
        ],
      });
    });

    it('counts the deaths of one message by queue and reason, the latest first', async () => {
      const channel = await opened(place);
      const [first, second] = [unique('q'), unique('q')];
      await channel.assertQueue(first, { deadLetterExchange: '', deadLetterRoutingKey: second });
      await channel.assertQueue(second, { deadLetterExchange: '', deadLetterRoutingKey: first, messageTtl: 20 });
      await send(channel, first, ['m']);
      for (let round = 0; round < 2; round++) {
        await untilReady(channel, first, 1);
        channel.nack(await got(channel, first), false, false);
      }
      await untilReady(channel, first, 1);
      const { headers } = (await got(channel, first)).properties;
      const deaths = headers?.['x-death'] as unknown as Record<string, unknown>[];
      expect(deaths.map(({ queue, reason, count }) => [queue, reason, count])).toEqual([
        [second, 'expired', 2],
        [first, 'rejected', 2],
      ]);
      expect(headers).toMatchObject({ 'x-first-death-queue': first, 'x-first-death-reason': 'rejected' });
    });

    it('of expired messages, by the queue’s time and by their own', async () => {
      const channel = await opened(place);
      const dead = await declared(channel);
      const options = { deadLetterExchange: '', deadLetterRoutingKey: dead };
      const byQueue = await declared(channel, { ...options, messageTtl: 30 });
      const byMessage = await declared(channel, options);
      await send(channel, byQueue, ['queue']);
      await untilReady(channel, dead, 1);
      await send(channel, byMessage, ['message'], { expiration: 30 });
      await untilReady(channel, dead, 2);
      await send(channel, byMessage, ['at once'], { expiration: '0' });
      await untilReady(channel, dead, 3);
      expect(await drained(channel, dead)).toEqual(['queue', 'message', 'at once']);
    });

    it('of what falls out of a full queue, the oldest first', async () => {
      const channel = await opened(place);
      const dead = await declared(channel);
      const queue = await declared(channel, { maxLength: 2, deadLetterExchange: '', deadLetterRoutingKey: dead });
      await send(channel, queue, [0, 1, 2, 3]);
      await untilReady(channel, dead, 2);
      const message = await got(channel, dead);
      expect(message.content.toString()).toBe('0');
      expect(message.properties.headers).toMatchObject({ 'x-first-death-reason': 'maxlen' });
      expect(await drained(channel, queue)).toEqual(['2', '3']);
    });

    it('keeps the routing key where the queue names none, through an exchange', async () => {
      const channel = await opened(place);
      const { exchange } = await channel.assertExchange(unique('x'), 'topic');
      const dead = await declared(channel);
      await channel.bindQueue(dead, exchange, 'orders.#');
      const queue = await declared(channel, { deadLetterExchange: exchange });
      await channel.bindQueue(queue, 'amq.topic', `orders.${queue}`);
      channel.publish('amq.topic', `orders.${queue}`, Buffer.from('m'));
      await channel.waitForConfirms();
      channel.nack(await got(channel, queue), false, false);
      await untilReady(channel, dead, 1);
      const { fields, properties } = await got(channel, dead);
      expect(fields).toMatchObject({ exchange, routingKey: `orders.${queue}` });
      expect(properties.headers).toMatchObject({
        'x-death': [{ exchange: 'amq.topic', 'routing-keys': [`orders.${queue}`] }],
      });
    });

    it('drops what would go round for ever by itself', async () => {
      const channel = await opened(place);
      const queue = unique('q');
      await channel.assertQueue(queue, { messageTtl: 10, deadLetterExchange: '', deadLetterRoutingKey: queue });
      await send(channel, queue, ['round']);
      await untilReady(channel, queue, 0);
      expect(await ready(channel, queue)).toBe(0);
    });

    it('of what a quorum queue has delivered too often; it counts in x-delivery-count', async () => {
      const channel = await opened(place);
      const dead = await declared(channel);
      const queue = await declared(channel, {
        deadLetterExchange: '',
        deadLetterRoutingKey: dead,
        arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 2 },
      });
      await send(channel, queue, ['m']);
      const counts: unknown[] = [];
      for (let n = 0; n < 3; n++) {
        await untilReady(channel, queue, 1);
        const message = await got(channel, queue);
        counts.push([message.properties.headers?.['x-delivery-count'], message.fields.redelivered]);
        channel.nack(message);
      }
      await untilReady(channel, dead, 1);
      expect(counts).toEqual([
        [0, false],
        [1, true],
        [2, true],
      ]);
      expect((await got(channel, dead)).properties.headers).toMatchObject({ 'x-first-death-reason': 'delivery_limit' });
    });
  });
}
