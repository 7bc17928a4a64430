import { describe, expect, it } from 'vitest';
import {
  askManagement,
  declared,
  drained,
  opened,
  type Place,
  Received,
  ready,
  send,
  unique,
  untilReady,
} from './client.js';

export function proveLimits(place: Place): void {
  describe('limits', () => {
    it('by the bytes of what is ready', async () => {
      const channel = await opened(place);
      const queue = await declared(channel, { arguments: { 'x-max-length-bytes': 10 } });
      await send(channel, queue, ['aaaa', 'bbbb', 'cc', 'ddd']);
      expect(await drained(channel, queue)).toEqual(['bbbb', 'cc', 'ddd']);
    });

    it('a full queue drops what would be next, whatever its priority', async () => {
      const channel = await opened(place);
      const queue = await declared(channel, { maxLength: 2, maxPriority: 3 });
      await send(channel, queue, ['low'], { priority: 1 });
      await send(channel, queue, ['high'], { priority: 3 });
      await send(channel, queue, ['middle'], { priority: 2 });
      expect(await drained(channel, queue)).toEqual(['middle', 'low']);
    });

    it('what is out does not count', async () => {
      const channel = await opened(place);
      const queue = await declared(channel, { maxLength: 2 });
      const received = new Received();
      await channel.prefetch(2);
      await channel.consume(queue, received.take);
      await send(channel, queue, [0, 1, 2, 3]);
      await received.until(2);
      expect(await ready(channel, queue)).toBe(2);
    });

    it('a message expires at the head of its queue, one behind a longer-lived one waits', async () => {
      const channel = await opened(place);
      const queue = await declared(channel);
      await send(channel, queue, ['long'], { expiration: 100_000 });
      await send(channel, queue, ['short'], { expiration: 1 });
      await send(channel, queue, ['for ever']);
      const other = await declared(channel);
      await send(channel, other, ['clock'], { expiration: 50 });
      await untilReady(channel, other, 0);
      expect(await ready(channel, queue)).toBe(3);
      expect(await drained(channel, queue)).toEqual(['long', 'for ever']);
    });

    it('an unused queue goes after its time, a used one stays', async () => {
      const channel = await opened(place);
      const [used, unused] = [unique('q'), unique('q')];
      await channel.assertQueue(used, { expires: 200 });
      await channel.consume(used, () => {});
      await channel.assertQueue(unused, { expires: 200 });
      // Asking by AMQP would be a use.
      const state = async (): Promise<number> => (await askManagement(place, `queues/%2F/${unused}`)).status;
      await expect.poll(state, { timeout: 20_000, interval: 20 }).toBe(404);
      await channel.checkQueue(used);
    });
  });
}
