import type { Channel, ConsumeMessage } from 'amqplib';
import { messageOf } from '../../support/errors.js';
import type { Log } from '../../support/log.js';
import { pause } from '../../support/retry.js';
import { type Database, isUnavailable, type Queries } from '../database.js';
import { NotYet } from '../not-yet.js';
import { keepConnected } from './connection.js';
import { Refused } from './refused.js';

export interface Delivery {
  /** The same whenever the message is delivered again; '' where its publisher gave none. */
  readonly id: string;
  readonly type: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly redelivered: boolean;
}

export interface ReceiverOptions {
  readonly queue: string;
  readonly database: Database;
  /** How many messages are in hand at once; default 10. */
  readonly prefetch?: number;
  /** How often a message is tried before it is refused; default 5. */
  readonly attempts?: number;
  /**
   * Applies one message by statements of the transaction, which is committed before the message is acknowledged: it may see a
   * message again (after a crash in between), so it must come to the same end. Throws NotYet where something else has to
   * happen first, Refused where it can never be applied.
   */
  readonly apply: (delivery: Delivery, transaction: Queries) => Promise<void>;
}

const PREFETCH = 10;
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 100;
const PAUSE_MS_MAX = 5_000;

/**
 * Receives at least once. A message in hand is in one of two states until it is acknowledged or refused: being applied, or
 * waiting for its next attempt. It waits without end where the database is away or something has to happen first (NotYet);
 * any other failure is tried `attempts` times. What is refused goes to the queue's dead-letter queue, if it has one.
 * Others go on meanwhile. After a lost connection the broker hands out again what was not acknowledged.
 */
export function startReceiver(
  options: ReceiverOptions,
  { url, log }: { readonly url: string; readonly log: Log },
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const inHand = new Set<Promise<void>>();
  const connected = keepConnected(url, {
    log,
    async open(connection) {
      const channel = await connection.createChannel();
      const broken = new AbortController();
      const abandon = (): void => {
        broken.abort();
        connection.close().catch(() => {}); // it may be what broke
      };
      channel.on('error', (failure: Error) => log.warn(`queue ${options.queue}: ${failure.message}`));
      channel.on('close', abandon);
      await channel.prefetch(options.prefetch ?? PREFETCH);
      const signal = AbortSignal.any([stopping.signal, broken.signal]);
      await channel.consume(options.queue, (message) => {
        if (message === null) return abandon(); // the queue is gone
        const work = handle(message, { channel, options, log, signal }).finally(() => inHand.delete(work));
        inHand.add(work);
      });
      log.info('receives', { queue: options.queue });
    },
  });
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(inHand);
      await connected.stop();
    },
  };
}

interface Work {
  readonly channel: Channel;
  readonly options: ReceiverOptions;
  readonly log: Log;
  /** Aborted where the service ends or the channel is gone: the broker hands the message out again. */
  readonly signal: AbortSignal;
}

/** Never throws. */
async function handle(message: ConsumeMessage, { channel, options, log, signal }: Work): Promise<void> {
  const { database, apply, queue, attempts = ATTEMPTS } = options;
  const delivery = toDelivery(message);
  let pauseMs = FIRST_PAUSE_MS;
  let said = '';
  for (let attempt = 1; !signal.aborted; ) {
    try {
      await database.transaction((transaction) => apply(delivery, transaction));
      if (!signal.aborted) channel.ack(message);
      return;
    } catch (failure) {
      const waits = failure instanceof NotYet || isUnavailable(failure);
      const text = `${queue} ${delivery.id}: ${messageOf(failure)}`;
      if (failure instanceof Refused || (!waits && attempt >= attempts)) {
        log.error(`refused after ${attempt} ${attempt === 1 ? 'attempt' : 'attempts'}: ${text}`);
        if (!signal.aborted) channel.nack(message, false, false);
        return;
      }
      if (text !== said) log.warn(text);
      said = text;
      if (!waits) attempt += 1;
      await pause(pauseMs, signal).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
    }
  }
}

function toDelivery({ content, properties, fields }: ConsumeMessage): Delivery {
  return {
    id: String(properties.messageId ?? ''),
    type: String(properties.type ?? ''),
    body: content,
    headers: properties.headers ?? {},
    redelivered: fields.redelivered,
  };
}
