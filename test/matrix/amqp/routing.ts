import type { Channel } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { declared, drained, opened, type Place, unique } from './client.js';

async function exchange(channel: Channel, type: string, options = {}): Promise<string> {
  return (await channel.assertExchange(unique('x'), type, { autoDelete: true, ...options })).exchange;
}

export function proveRouting(place: Place): void {
  describe('routing', () => {
    it('direct by key, each queue once', async () => {
      const channel = await opened(place);
      const [x, a, b] = [await exchange(channel, 'direct'), await declared(channel), await declared(channel)];
      await channel.bindQueue(a, x, 'one');
      await channel.bindQueue(a, x, 'two');
      await channel.bindQueue(b, x, 'two');
      for (const key of ['one', 'two', 'three']) channel.publish(x, key, Buffer.from(key));
      await channel.waitForConfirms();
      expect(await drained(channel, a)).toEqual(['one', 'two']);
      expect(await drained(channel, b)).toEqual(['two']);
      await channel.unbindQueue(a, x, 'one');
      channel.publish(x, 'one', Buffer.from('one'));
      await channel.waitForConfirms();
      expect(await drained(channel, a)).toEqual([]);
    });

    it('topic by words, * for one and # for any number', async () => {
      const channel = await opened(place);
      const x = await exchange(channel, 'topic');
      const patterns = ['*.orange.*', 'lazy.#', '#', '#.end', 'a.#.z', '*', 'a.*.#'];
      const queues = new Map<string, string>();
      for (const pattern of patterns) {
        const queue = await declared(channel);
        await channel.bindQueue(queue, x, pattern);
        queues.set(pattern, queue);
      }
      const keys = ['quick.orange.rabbit', 'lazy', 'lazy.brown.fox', 'end', 'a.z', 'a.b.c.z', 'a.b.end', '', 'a..z'];
      for (const key of keys) channel.publish(x, key, Buffer.from(key));
      await channel.waitForConfirms();
      const found: Record<string, string[]> = {};
      for (const [pattern, queue] of queues) found[pattern] = await drained(channel, queue);
      expect(found).toEqual({
        '*.orange.*': ['quick.orange.rabbit'],
        'lazy.#': ['lazy', 'lazy.brown.fox'],
        '#': keys,
        '#.end': ['end', 'a.b.end'],
        'a.#.z': ['a.z', 'a.b.c.z', 'a..z'],
        '*': ['lazy', 'end'],
        'a.*.#': ['a.z', 'a.b.c.z', 'a.b.end', 'a..z'],
      });
    });

    it('headers by all or any of them', async () => {
      const channel = await opened(place);
      const x = await exchange(channel, 'headers');
      const [all, any] = [await declared(channel), await declared(channel)];
      await channel.bindQueue(all, x, '', { 'x-match': 'all', kind: 'pdf', size: 3 });
      await channel.bindQueue(any, x, '', { 'x-match': 'any', kind: 'pdf', size: 3 });
      const publish = (body: string, headers: Record<string, unknown>): boolean =>
        channel.publish(x, '', Buffer.from(body), { headers });
      publish('both', { kind: 'pdf', size: 3, more: true });
      publish('kind', { kind: 'pdf', size: 4 });
      publish('size', { size: 3 });
      publish('none', { kind: 'txt' });
      publish('empty', {});
      await channel.waitForConfirms();
      expect(await drained(channel, all)).toEqual(['both']);
      expect(await drained(channel, any)).toEqual(['both', 'kind', 'size']);
    });

    it('from exchange to exchange, in circles too, and to each queue once', async () => {
      const channel = await opened(place);
      const [first, second] = [await exchange(channel, 'topic'), await exchange(channel, 'fanout')];
      const [a, b] = [await declared(channel), await declared(channel)];
      await channel.bindQueue(a, first, '#');
      await channel.bindQueue(a, second, '');
      await channel.bindQueue(b, second, '');
      await channel.bindExchange(second, first, 'go.*');
      await channel.bindExchange(first, second, '');
      channel.publish(first, 'go.on', Buffer.from('on'));
      channel.publish(first, 'stay', Buffer.from('here'));
      await channel.waitForConfirms();
      expect(await drained(channel, a)).toEqual(['on', 'here']);
      expect(await drained(channel, b)).toEqual(['on']);
    });

    it('what nobody wants goes to the alternate exchange', async () => {
      const channel = await opened(place);
      const [other, lost] = [await exchange(channel, 'fanout'), await declared(channel)];
      await channel.bindQueue(lost, other, '');
      const x = await exchange(channel, 'direct', { alternateExchange: other });
      channel.publish(x, 'nowhere', Buffer.from('lost'), { mandatory: true });
      await channel.waitForConfirms();
      expect(await drained(channel, lost)).toEqual(['lost']);
    });

    it('CC and BCC are further keys, BCC is not shown', async () => {
      const channel = await opened(place);
      const [a, b, c] = [await declared(channel), await declared(channel), await declared(channel)];
      channel.sendToQueue(a, Buffer.from('m'), { CC: [b], BCC: [c] });
      await channel.waitForConfirms();
      for (const queue of [a, b, c]) {
        const message = await channel.get(queue, { noAck: true });
        expect(message && [message.fields.routingKey, message.properties.headers]).toEqual([a, { CC: [b] }]);
      }
    });

    it('an auto-delete exchange goes with its last binding', async () => {
      const channel = await opened(place);
      const [x, q] = [await exchange(channel, 'direct'), await declared(channel)];
      await channel.bindQueue(q, x, 'k');
      await channel.checkExchange(x);
      await channel.deleteQueue(q);
      await expect(channel.checkExchange(x)).rejects.toThrow(`no exchange '${x}'`);
    });
  });
}
