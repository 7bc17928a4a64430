import { describe, expect, it } from 'vitest';
import {
  connected,
  declared,
  drained,
  got,
  opened,
  type Place,
  Received,
  ready,
  send,
  unique,
  untilReady,
} from './client.js';

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => String(from + n));

export function proveDelivery(place: Place): void {
  describe('delivery', () => {
    it('keeps no more out than the prefetch of a consumer allows', async () => {
      const channel = await opened(place);
      const queue = await declared(channel);
      await send(channel, queue, numbers(0, 10));
      await channel.prefetch(3);
      const received = new Received();
      await channel.consume(queue, received.take);
      await received.until(3);
      expect(await ready(channel, queue)).toBe(7);
      expect(received.bodies).toEqual(['0', '1', '2']);
      channel.ack(received.messages[1] as never, true);
      await received.until(5);
      expect(await ready(channel, queue)).toBe(5);
      expect(received.bodies).toEqual(numbers(0, 5));
    });

    it('shares a global prefetch among the consumers of a channel', async () => {
      const channel = await opened(place);
      const [a, b] = [await declared(channel), await declared(channel)];
      await send(channel, a, numbers(0, 4));
      await send(channel, b, numbers(0, 4));
      await channel.prefetch(3, true);
      const received = new Received();
      await channel.consume(a, received.take);
      await channel.consume(b, received.take);
      await received.until(3);
      expect((await ready(channel, a)) + (await ready(channel, b))).toBe(5);
      channel.ackAll();
      await received.until(6);
    });

    it('takes turns among consumers, higher priorities first', async () => {
      const channel = await opened(place);
      const queue = await declared(channel);
      const [low, first, second] = [new Received(), new Received(), new Received()];
      await channel.prefetch(2);
      await channel.consume(queue, low.take);
      await channel.consume(queue, first.take, { priority: 5 });
      await channel.consume(queue, second.take, { priority: 5 });
      await send(channel, queue, numbers(0, 5));
      await Promise.all([first.until(2), second.until(2), low.until(1)]);
      expect([...first.bodies, ...second.bodies].sort()).toEqual(['0', '1', '2', '3']);
      expect(low.bodies).toEqual(['4']);
    });

    it('gives requeued messages back to their places, marked as redelivered', async () => {
      const channel = await opened(place);
      const queue = await declared(channel);
      await send(channel, queue, numbers(0, 5));
      const [zero, one, two] = [await got(channel, queue), await got(channel, queue), await got(channel, queue)];
      channel.nack(one, false, true);
      channel.reject(zero, true);
      await untilReady(channel, queue, 4);
      const again = await got(channel, queue);
      expect([again.content.toString(), again.fields.redelivered]).toEqual(['0', true]);
      channel.nack(again, false, true);
      channel.nack(two, false, true);
      await untilReady(channel, queue, 5);
      const seen: unknown[] = [];
      for (let n = 0; n < 5; n++) {
        const { content, fields } = await got(channel, queue);
        seen.push([content.toString(), fields.redelivered]);
      }
      expect(seen).toEqual([
        ['0', true],
        ['1', true],
        ['2', true],
        ['3', false],
        ['4', false],
      ]);
      channel.nackAll(true);
      await untilReady(channel, queue, 5);
      expect(await drained(channel, queue)).toEqual(numbers(0, 5));
    });

    it.each([
      { limit: undefined, left: ['3', '1', '0'] },
      { limit: 5, left: ['1', '0', '3'] },
    ])('a quorum queue with the limit $limit has its own order of what was given back', async ({ limit, left }) => {
      const channel = await opened(place);
      const limited = limit === undefined ? {} : { 'x-delivery-limit': limit };
      const queue = await declared(channel, { arguments: { 'x-queue-type': 'quorum', ...limited } });
      await send(channel, queue, numbers(0, 4));
      const [zero, one, two] = [await got(channel, queue), await got(channel, queue), await got(channel, queue)];
      channel.nack(one);
      channel.nack(zero);
      channel.ack(two);
      await untilReady(channel, queue, 3);
      expect(await drained(channel, queue)).toEqual(left);
    });

    it('gives back what is out when a channel or a connection ends, and on recover', async () => {
      const connection = await connected(place);
      const [channel, watcher] = [await connection.createChannel(), await opened(place)];
      const queue = await declared(watcher);
      await send(watcher, queue, numbers(0, 3));
      await got(channel, queue);
      await channel.recover();
      await untilReady(watcher, queue, 3);
      const received = new Received();
      await channel.consume(queue, received.take);
      await received.until(3);
      await channel.close();
      await untilReady(watcher, queue, 3);
      const again = await connection.createChannel();
      await got(again, queue);
      await connection.close();
      await untilReady(watcher, queue, 3);
      expect((await got(watcher, queue)).fields.redelivered).toBe(true);
    });

    it('without acknowledgements messages are gone when they are sent', async () => {
      const channel = await opened(place);
      const queue = await declared(channel);
      const received = new Received();
      await channel.consume(queue, received.take, { noAck: true });
      await send(channel, queue, numbers(0, 1000));
      await received.until(1000);
      expect(received.bodies).toEqual(numbers(0, 1000));
      expect(await channel.deleteQueue(queue)).toEqual({ messageCount: 0 });
    });

    it('a cancelled consumer gets nothing more, and keeps what it has', async () => {
      const channel = await opened(place);
      const queue = await declared(channel);
      const received = new Received();
      const { consumerTag } = await channel.consume(queue, received.take);
      await send(channel, queue, ['before']);
      await received.until(1);
      await channel.cancel(consumerTag);
      await send(channel, queue, ['after']);
      expect(await ready(channel, queue)).toBe(1);
      channel.ack(received.messages[0] as never);
      expect(await drained(channel, queue)).toEqual(['after']);
    });

    it('tells consumers that their queue was deleted', async () => {
      const [channel, other] = [await opened(place), await opened(place)];
      const queue = await declared(channel);
      const received = new Received();
      await channel.consume(queue, received.take);
      await other.deleteQueue(queue);
      await expect.poll(() => received.cancelled.length, { timeout: 10_000 }).toBe(1);
    });

    it('only one of several consumers is active where the queue asks for it', async () => {
      const channel = await opened(place);
      const queue = await declared(channel, { arguments: { 'x-single-active-consumer': true } });
      const [first, second] = [new Received(), new Received()];
      const { consumerTag } = await channel.consume(queue, first.take, { noAck: true });
      await channel.consume(queue, second.take, { noAck: true });
      await send(channel, queue, ['a', 'b']);
      await first.until(2);
      await channel.cancel(consumerTag);
      await send(channel, queue, ['c']);
      await second.until(1);
      expect([first.bodies, second.bodies]).toEqual([['a', 'b'], ['c']]);
    });

    it('exclusive and auto-delete queues go with their connection and their last consumer', async () => {
      const [connection, watcher] = [await connected(place), await connected(place)];
      const channel = await connection.createChannel();
      channel.on('error', () => {});
      const [exclusive, automatic] = [unique('q'), unique('q')];
      await channel.assertQueue(exclusive, { exclusive: true });
      await channel.assertQueue(automatic, { autoDelete: true, durable: false });
      const { consumerTag } = await channel.consume(automatic, () => {});
      await channel.cancel(consumerTag);
      await expect(channel.checkQueue(automatic)).rejects.toThrow('NOT_FOUND');
      await connection.close();
      const other = await watcher.createChannel();
      other.on('error', () => {});
      await expect(other.checkQueue(exclusive)).rejects.toThrow('NOT_FOUND');
    });

    it('an empty name gets one from the server, and stands for it later', async () => {
      const channel = await opened(place);
      const { queue } = await channel.assertQueue('', { exclusive: true });
      expect(queue).toMatch(/^amq\.gen-[\w-]{22}$/);
      await channel.bindQueue('', 'amq.direct', queue);
      channel.publish('amq.direct', queue, Buffer.from('m'));
      await channel.waitForConfirms();
      expect(await drained(channel, '')).toEqual(['m']);
      expect(await channel.purgeQueue(queue)).toEqual({ messageCount: 0 });
    });

    it('brings direct replies to who asked, without a queue, for as long as it is there', async () => {
      const [client, server] = [await opened(place), await (await connected(place)).createChannel()];
      server.on('error', () => {});
      const queue = await declared(client);
      const replies = new Received();
      const { consumerTag } = await client.consume('amq.rabbitmq.reply-to', replies.take, { noAck: true });
      await send(client, queue, ['question'], { replyTo: 'amq.rabbitmq.reply-to', correlationId: '7' });
      const { content, properties } = await got(server, queue);
      expect(properties.replyTo).toMatch(/^amq\.rabbitmq\.reply-to\../);
      server.sendToQueue(properties.replyTo, Buffer.from(`answer to ${content}`), { correlationId: '7' });
      const [reply] = await replies.until(1);
      expect([reply?.content.toString(), reply?.properties.correlationId]).toEqual(['answer to question', '7']);
      await server.checkQueue(properties.replyTo);
      await client.cancel(consumerTag);
      await expect(server.checkQueue(properties.replyTo)).rejects.toThrow('NOT_FOUND');
      const error = new Promise<Error>((resolve) => client.once('error', resolve));
      client.sendToQueue(queue, Buffer.from(''), { replyTo: 'amq.rabbitmq.reply-to' });
      expect((await error).message).toContain('PRECONDITION_FAILED - fast reply consumer does not exist');
    });

    it('highest priority first, in the order of publication within one', async () => {
      const channel = await opened(place);
      const queue = await declared(channel, { maxPriority: 5 });
      for (const [body, priority] of [
        ['a', 1],
        ['b', 9],
        ['c', 5],
        ['d', 0],
        ['e', 1],
      ] as const) {
        channel.sendToQueue(queue, Buffer.from(body), { priority });
      }
      await channel.waitForConfirms();
      const first = await got(channel, queue);
      expect(first.content.toString()).toBe('b');
      channel.nack(first);
      await untilReady(channel, queue, 5);
      expect(await drained(channel, queue)).toEqual(['b', 'c', 'a', 'e', 'd']);
    });
  });
}
