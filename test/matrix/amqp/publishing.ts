import { describe, expect, it } from 'vitest';
import { connected, declared, drained, got, opened, type Place, ready, unique } from './client.js';

export function provePublishing(place: Place): void {
  describe('publishing', () => {
    it('brings properties, headers and bodies of any size over unchanged', async () => {
      const channel = await opened(place);
      const queue = await declared(channel);
      const properties = {
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        headers: { text: 'ü', int: 7, long: 2 ** 40, yes: true, no: null, list: [1, 'two'], deep: { er: { x: 1.5 } } },
        deliveryMode: 2,
        priority: 3,
        correlationId: 'c',
        replyTo: 'r',
        expiration: '100000',
        messageId: 'm',
        timestamp: 1_700_000_000,
        type: 't',
        userId: 'guest',
        appId: 'a',
      };
      const sizes = [0, 1, 131_064, 131_065, 1_000_000];
      for (const size of sizes) channel.sendToQueue(queue, Buffer.alloc(size, 'ab'), properties);
      await channel.waitForConfirms();
      for (const size of sizes) {
        const message = await got(channel, queue);
        expect(message.content.equals(Buffer.alloc(size, 'ab'))).toBe(true);
        expect(message.properties).toMatchObject(properties);
        expect(message.fields).toMatchObject({ exchange: '', routingKey: queue, redelivered: false });
      }
    });

    it('returns what is mandatory and unroutable, before its confirm', async () => {
      const channel = await opened(place);
      const events: unknown[] = [];
      channel.on(
        'return',
        ({ fields, content }: { fields: { replyCode?: number; replyText?: string }; content: Buffer }) =>
          events.push([fields.replyCode, fields.replyText, content.toString()]),
      );
      channel.publish('', unique('nowhere'), Buffer.from('m'), { mandatory: true }, () => events.push('confirmed'));
      channel.publish('', unique('nowhere'), Buffer.from('dropped'));
      await channel.waitForConfirms();
      expect(events).toEqual([[312, 'NO_ROUTE', 'm'], 'confirmed']);
    });

    it('confirms every publication once', async () => {
      const channel = await opened(place);
      const queue = await declared(channel, { durable: true });
      let confirmed = 0;
      for (let n = 0; n < 200; n++) {
        channel.sendToQueue(queue, Buffer.from(String(n)), { persistent: n % 3 > 0 }, (error) => {
          if (error === null) confirmed++;
        });
      }
      await channel.waitForConfirms();
      expect(confirmed).toBe(200);
      expect(await drained(channel, queue)).toEqual(Array.from({ length: 200 }, (_, n) => String(n)));
    });

    it('refuses with a nack what a full queue may not take', async () => {
      const channel = await opened(place);
      const queue = await declared(channel, { maxLength: 2, arguments: { 'x-overflow': 'reject-publish' } });
      const outcomes: string[] = [];
      for (let n = 0; n < 4; n++) {
        channel.sendToQueue(queue, Buffer.from(String(n)), {}, (error) =>
          outcomes.push(error === null ? 'ack' : 'nack'),
        );
        await channel.waitForConfirms().catch(() => {});
      }
      expect(outcomes).toEqual(['ack', 'ack', 'nack', 'nack']);
      expect(await drained(channel, queue)).toEqual(['0', '1']);
    });

    it('holds a transaction back until its commit, and forgets it at a rollback', async () => {
      const connection = await connected(place);
      const channel = (await connection.createChannel()) as unknown as Transactional;
      const other = await connection.createChannel();
      const queue = await declared(other);
      await channel.rpc(TX_SELECT, {}, TX_SELECT + 1);
      channel.sendToQueue(queue, Buffer.from('forgotten'));
      await channel.rpc(TX_ROLLBACK, {}, TX_ROLLBACK + 1);
      channel.sendToQueue(queue, Buffer.from('kept'));
      await channel.rpc(TX_COMMIT, {}, TX_COMMIT + 1);
      expect(await ready(other, queue)).toBe(1);
      const message = await channel.get(queue);
      if (message === false) throw new Error('empty');
      expect(message.content.toString()).toBe('kept');
      channel.ack(message);
      await channel.rpc(TX_ROLLBACK, {}, TX_ROLLBACK + 1);
      channel.nack(message); // it is out again
      await channel.rpc(TX_COMMIT, {}, TX_COMMIT + 1);
      expect(await ready(other, queue)).toBe(1);
    });
  });
}

/** amqplib has no methods for tx, but its channels can send any method. */
interface Transactional {
  rpc(method: number, fields: object, expected: number): Promise<unknown>;
  sendToQueue(queue: string, content: Buffer): boolean;
  get(queue: string): Promise<import('amqplib').GetMessage | false>;
  ack(message: import('amqplib').GetMessage): void;
  nack(message: import('amqplib').GetMessage): void;
}

const TX_SELECT = 90 * 65536 + 10;
const TX_COMMIT = 90 * 65536 + 20;
const TX_ROLLBACK = 90 * 65536 + 30;
