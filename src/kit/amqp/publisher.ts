import type { ConfirmChannel, Message } from 'amqplib';
import { EvpipeError } from '../../support/errors.js';
import type { Log } from '../../support/log.js';
import { waitUntil } from '../../support/retry.js';
import type { OutboxRecord, Publisher } from '../polling-outbox.js';
import { keepConnected } from './connection.js';

/** The outbox holds a transaction meanwhile, and tries again by itself. */
const CONNECTED_WITHIN_MS = 2_000;
const CONFIRMED_WITHIN_MS = 5_000;

/**
 * Publishes to RabbitMQ: the event's topic is the exchange, its key the routing key, its id the message id. Messages are
 * persistent and confirmed by the broker; one that no queue takes is a failure too.
 */
export function openRabbitmqPublisher(url: string, log: Log): Publisher {
  let channel: ConfirmChannel | undefined;
  const returned: Message[] = [];
  const connected = keepConnected(url, {
    log,
    async open(connection) {
      const opened = await connection.createConfirmChannel();
      opened.on('error', (failure: Error) => log.warn(`can't publish: ${failure.message}`));
      opened.on('return', (message) => returned.push(message));
      opened.on('close', () => {
        channel = undefined;
        connection.close().catch(() => {}); // it may be what broke
      });
      channel = opened;
    },
  });
  return {
    async publish(records) {
      const open = await waitUntil('RabbitMQ to answer', async () => channel, { timeoutMs: CONNECTED_WITHIN_MS });
      returned.length = 0;
      await withinTime(Promise.all(records.map((record) => confirmed(open, record))));
      const [lost] = returned;
      if (lost === undefined) return;
      const { exchange, routingKey } = lost.fields;
      const where = exchange === '' ? `there is no queue ${routingKey}` : `exchange ${exchange} leads it to no queue`;
      throw new EvpipeError('EVPIPE_AMQP_NO_ROUTE', where);
    },
    close: () => connected.stop(),
  };
}

/** Rejects where the broker refuses it, and where the channel closes before the broker has confirmed it. */
function confirmed(channel: ConfirmChannel, { id, topic, key, body }: OutboxRecord): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { messageId: id, persistent: true, mandatory: true, contentType: 'application/json' };
    channel.publish(topic, key, Buffer.from(body ?? ''), options, (failure: unknown) =>
      failure == null ? resolve() : reject(failure as Error),
    );
  });
}

async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('RabbitMQ does not confirm')), CONFIRMED_WITHIN_MS);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
