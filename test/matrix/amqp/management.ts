import { describe, expect, it } from 'vitest';
import { askManagement, declared, got, opened, type Place, Received, send, unique, untilReady } from './client.js';

export function proveManagement(place: Place): void {
  describe('the management API', () => {
    const ask = async (path: string): Promise<unknown> => {
      const answer = await askManagement(place, path);
      return answer.ok ? answer.json() : answer.status;
    };

    it('tells of a queue what is in it and what happened', async () => {
      const channel = await opened(place);
      const queue = await declared(channel, { maxLength: 100 });
      await send(channel, queue, [0, 1, 2, 3, 4]);
      channel.ack(await got(channel, queue));
      channel.nack(await got(channel, queue));
      const received = new Received();
      await channel.prefetch(2);
      await channel.consume(queue, received.take);
      await received.until(2);
      // RabbitMQ tells of changes when its next statistics are due.
      await expect
        .poll(() => ask(`queues/%2F/${queue}`), { timeout: 20_000, interval: 50 })
        .toMatchObject({
          name: queue,
          vhost: '/',
          durable: true,
          auto_delete: false,
          exclusive: false,
          arguments: { 'x-max-length': 100 },
          messages: 4,
          messages_ready: 2,
          messages_unacknowledged: 2,
          consumers: 1,
          message_stats: { publish: 5, ack: 1, deliver_get: 4, redeliver: 1, get: 2, deliver: 2 },
        });
      expect(await ask('queues')).toContainEqual(expect.objectContaining({ name: queue }));
      expect(await ask('queues/%2F')).toContainEqual(expect.objectContaining({ name: queue }));
      expect(await ask(`queues/%2F/${unique('nope')}`)).toBe(404);
    });

    it('counts what clients published, refused or not, but no dead letters', async () => {
      const channel = await opened(place);
      const dead = await declared(channel);
      const queue = await declared(channel, {
        maxLength: 2,
        deadLetterExchange: '',
        deadLetterRoutingKey: dead,
        arguments: { 'x-overflow': 'reject-publish' },
      });
      await send(channel, queue, [0, 1, 2, 3]).catch(() => {});
      channel.reject(await got(channel, queue), false);
      await untilReady(channel, dead, 1);
      channel.reject(await got(channel, dead), false);
      const stats = async (name: string): Promise<unknown> =>
        ((await ask(`queues/%2F/${name}`)) as { message_stats?: unknown }).message_stats;
      await expect.poll(() => stats(dead), { timeout: 20_000 }).toMatchObject({ get: 1, ack: 0 });
      expect(await stats(dead)).not.toHaveProperty('publish');
      await expect.poll(() => stats(queue), { timeout: 20_000 }).toMatchObject({ publish: 4, get: 1, ack: 0 });
    });

    it('tells of exchanges and bindings', async () => {
      const channel = await opened(place);
      const queue = await declared(channel);
      const { exchange } = await channel.assertExchange(unique('x'), 'topic', { durable: false });
      await channel.bindQueue(queue, exchange, 'a.#', { why: 'so' });
      const found = {
        name: exchange,
        type: 'topic',
        durable: false,
        auto_delete: false,
        internal: false,
        arguments: {},
      };
      expect(await ask(`exchanges/%2F/${exchange}`)).toMatchObject(found);
      expect(await ask('exchanges')).toContainEqual(expect.objectContaining(found));
      const binding = {
        source: exchange,
        vhost: '/',
        destination: queue,
        destination_type: 'queue',
        routing_key: 'a.#',
        arguments: { why: 'so' },
      };
      expect(await ask('bindings')).toContainEqual(expect.objectContaining(binding));
      expect(await ask(`queues/%2F/${queue}/bindings`)).toMatchObject([{ source: '', routing_key: queue }, binding]);
    });

    it('tells that it is well, and to nobody without the password', async () => {
      expect(await ask('health/checks/alarms')).toEqual({ status: 'ok' });
      expect(await ask('aliveness-test/%2F')).toEqual({ status: 'ok' });
      expect(await ask('overview')).toMatchObject({ product_name: 'RabbitMQ', rabbitmq_version: expect.any(String) });
      const { managementUrl } = await place();
      expect((await fetch(`${managementUrl}/api/overview`)).status).toBe(401);
    });
  });
}
