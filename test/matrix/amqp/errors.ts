import type { Channel, ChannelModel } from 'amqplib';
import { connect } from 'amqplib';
import { describe, expect, it } from 'vitest';
import { connected, type Place, sharedConnection, unique } from './client.js';

interface Case {
  readonly what: string;
  /** The reply code and text; Q and X stand for the names below. */
  readonly error: string;
  readonly connection?: boolean;
  /** Needs two connections. */
  readonly apart?: boolean;
  wrong(channel: Channel, names: { q: string; x: string }, connection: ChannelModel): Promise<unknown>;
}

const sync = (channel: Channel): Promise<unknown> => channel.checkExchange('amq.direct');

const refusedArgument = (name: string, value: unknown, why: string): Case => ({
  what: `${name} = ${JSON.stringify(value)}`,
  error: `406 PRECONDITION_FAILED - invalid arg '${name}' for queue 'Q' in vhost '/': ${why}`,
  wrong: (channel, { q }) => channel.assertQueue(q, { arguments: { [name]: value } }),
});

const CASES: readonly Case[] = [
  {
    what: 'a queue that is not there',
    error: "404 NOT_FOUND - no queue 'Q' in vhost '/'",
    wrong: (channel, { q }) => channel.checkQueue(q),
  },
  {
    what: 'an exchange that is not there',
    error: "404 NOT_FOUND - no exchange 'X' in vhost '/'",
    wrong: async (channel, { x }) => {
      channel.publish(x, 'k', Buffer.from(''));
      await sync(channel);
    },
  },
  {
    what: 'a binding to a queue that is not there',
    error: "404 NOT_FOUND - no queue 'Q' in vhost '/'",
    wrong: (channel, { q }) => channel.bindQueue(q, 'amq.direct', 'k'),
  },
  {
    what: 'a binding to the default exchange',
    error: '403 ACCESS_REFUSED - operation not permitted on the default exchange',
    wrong: async (channel, { q }) => {
      await channel.assertQueue(q);
      await channel.bindQueue(q, '', 'k');
    },
  },
  {
    what: 'a reserved queue name',
    error: "403 ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
    wrong: (channel) => channel.assertQueue('amq.mine'),
  },
  {
    what: 'a reserved exchange name',
    error: "403 ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'",
    wrong: (channel) => channel.assertExchange('amq.mine', 'direct'),
  },
  {
    what: 'the deletion of a system exchange',
    error: "403 ACCESS_REFUSED - deletion of system exchange 'amq.topic' in vhost '/' not allowed",
    wrong: (channel) => channel.deleteExchange('amq.topic'),
  },
  {
    what: 'a publication to an internal exchange',
    error: "403 ACCESS_REFUSED - cannot publish to internal exchange 'X' in vhost '/'",
    wrong: async (channel, { x }) => {
      await channel.assertExchange(x, 'fanout', { internal: true });
      channel.publish(x, '', Buffer.from(''));
      await sync(channel);
    },
  },
  {
    what: 'an exchange declared again with another type',
    error:
      "406 PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'X' in vhost '/': received 'fanout' but current is 'direct'",
    wrong: async (channel, { x }) => {
      await channel.assertExchange(x, 'direct');
      await channel.assertExchange(x, 'fanout');
    },
  },
  {
    what: 'a queue declared again as not durable',
    error:
      "406 PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'Q' in vhost '/': received 'false' but current is 'true'",
    wrong: async (channel, { q }) => {
      await channel.assertQueue(q, { durable: true });
      await channel.assertQueue(q, { durable: false });
    },
  },
  {
    what: 'a queue declared again with another argument',
    error:
      "406 PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'Q' in vhost '/': received '200' but current is '100'",
    wrong: async (channel, { q }) => {
      await channel.assertQueue(q, { messageTtl: 100 });
      await channel.assertQueue(q, { messageTtl: 200 });
    },
  },
  {
    what: 'a queue declared again with one argument more',
    error:
      "406 PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'Q' in vhost '/': received the value '100' of type 'byte' but current is none",
    wrong: async (channel, { q }) => {
      await channel.assertQueue(q);
      await channel.assertQueue(q, { messageTtl: 100 });
    },
  },
  refusedArgument('x-message-ttl', -1, '{value_negative,-1}'),
  refusedArgument('x-message-ttl', 'a', '"expected integer, got longstr"'),
  refusedArgument('x-expires', 0, '{value_zero,0}'),
  refusedArgument('x-max-priority', 256, '{max_value_exceeded,256}'),
  refusedArgument('x-overflow', 'over', 'invalid_overflow'),
  refusedArgument('x-queue-type', 'new', '"unsupported queue type \'new\'"'),
  {
    what: 'a quorum queue that is not durable',
    error: "406 PRECONDITION_FAILED - invalid property 'non-durable' for queue 'Q' in vhost '/'",
    wrong: (channel, { q }) => channel.assertQueue(q, { durable: false, arguments: { 'x-queue-type': 'quorum' } }),
  },
  {
    what: "another connection's exclusive queue",
    apart: true,
    error:
      "405 RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'Q' in vhost '/'. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration.",
    wrong: async (channel, { q }, other) => {
      await (await other.createChannel()).assertQueue(q, { exclusive: true });
      await channel.checkQueue(q);
    },
  },
  {
    what: 'a queue that is deleted if empty, and is not',
    error: "406 PRECONDITION_FAILED - queue 'Q' in vhost '/' not empty",
    wrong: async (channel, { q }) => {
      await channel.assertQueue(q);
      channel.sendToQueue(q, Buffer.from('x'));
      await expect.poll(async () => (await channel.checkQueue(q)).messageCount).toBe(1);
      await channel.deleteQueue(q, { ifEmpty: true });
    },
  },
  {
    what: 'a queue that is deleted if unused, and is not',
    error: "406 PRECONDITION_FAILED - queue 'Q' in vhost '/' in use",
    wrong: async (channel, { q }) => {
      await channel.assertQueue(q);
      await channel.consume(q, () => {});
      await channel.deleteQueue(q, { ifUnused: true });
    },
  },
  {
    what: 'a second consumer of an exclusive one’s queue',
    error: "403 ACCESS_REFUSED - queue 'Q' in vhost '/' in exclusive use",
    wrong: async (channel, { q }) => {
      await channel.assertQueue(q);
      await channel.consume(q, () => {}, { exclusive: true });
      await channel.consume(q, () => {});
    },
  },
  {
    what: 'an unknown delivery tag',
    error: '406 PRECONDITION_FAILED - unknown delivery tag 42',
    wrong: async (channel) => {
      channel.ack({ fields: { deliveryTag: 42 } } as never);
      await sync(channel);
    },
  },
  {
    what: 'an expiration that is no number',
    error: "406 PRECONDITION_FAILED - invalid expiration 'soon': no_integer",
    wrong: async (channel, { q }) => {
      channel.sendToQueue(q, Buffer.from(''), { expiration: 'soon' });
      await sync(channel);
    },
  },
  {
    what: "somebody else's user id",
    error: "406 PRECONDITION_FAILED - user_id property set to 'bob' but authenticated user was 'guest'",
    wrong: async (channel, { q }) => {
      channel.sendToQueue(q, Buffer.from(''), { userId: 'bob' });
      await sync(channel);
    },
  },
  {
    what: 'an unknown exchange type',
    error: "503 COMMAND_INVALID - invalid exchange type 'round'",
    connection: true,
    wrong: (channel, { x }) => channel.assertExchange(x, 'round'),
  },
  {
    what: 'a consumer tag that is taken',
    error: "530 NOT_ALLOWED - attempt to reuse consumer tag 'tag'",
    connection: true,
    wrong: async (channel, { q }) => {
      await channel.assertQueue(q);
      await channel.consume(q, () => {}, { consumerTag: 'tag' });
      await channel.consume(q, () => {}, { consumerTag: 'tag' });
    },
  },
];

/** The error that the server sent, as `code TEXT`. */
function told(error: Error & { code?: number }): string {
  return `${error.code} ${/message "(.*)"/s.exec(error.message)?.[1]}`;
}

export function proveErrors(place: Place): void {
  describe('errors', () => {
    it.each(CASES)('$what ends the right thing with the right words', async (one) => {
      const other = await sharedConnection(place);
      const connection = one.connection === true || one.apart === true ? await connected(place) : other;
      const names = { q: unique('q'), x: unique('x') };
      const channel = await connection.createChannel();
      const error = new Promise<Error>((resolve) => {
        channel.once('error', resolve);
        if (connection !== other) connection.once('error', resolve);
      });
      await one.wrong(channel, names, other).catch(() => {}); // amqplib words it in its own way here
      const expected = one.error.replace("'Q'", `'${names.q}'`).replace("'X'", `'${names.x}'`);
      expect(told(await error)).toBe(expected);
      const still = await other.createChannel();
      await still.checkExchange('amq.direct');
      await still.close();
    });

    it('a wrong password and a wrong virtual host are refused', async () => {
      const url = new URL((await place()).url);
      url.username = 'guest';
      url.password = 'wrong';
      await expect(connect(url.href)).rejects.toThrow(
        'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN',
      );
      const elsewhere = `${(await place()).url}/elsewhere`;
      await expect(connect(elsewhere)).rejects.toThrow('ConnectionClose'); // amqplib does not tell the text here
    });

    it('what is gone already is no error to remove', async () => {
      const channel = await (await connected(place)).createChannel();
      expect(await channel.deleteQueue(unique('q'))).toEqual({ messageCount: 0 });
      await channel.deleteExchange(unique('x'));
      await channel.unbindQueue(unique('q'), 'amq.direct', 'k');
      await channel.cancel('nobody');
    });
  });
}
