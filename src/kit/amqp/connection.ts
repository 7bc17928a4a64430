import amqp, { type ChannelModel } from 'amqplib';
import { messageOf } from '../../support/errors.js';
import type { Log } from '../../support/log.js';
import { pause } from '../../support/retry.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** A broker that is silent for twice as long is taken for gone. */
const HEARTBEAT_S = 10;
const FIRST_PAUSE_MS = 100;
const PAUSE_MS_MAX = 2_000;

export interface Connected {
  stop(): Promise<void>;
}

/**
 * Keeps one connection to the broker: `open` sets it up, and does so again on each new one after the last broke. A channel
 * that breaks ends its connection, so that there is one way back only. Nothing is thrown: what goes wrong is logged once and tried again.
 */
export function keepConnected(
  url: string,
  { log, open }: { readonly log: Log; readonly open: (connection: ChannelModel) => Promise<void> },
): Connected {
  const stopping = new AbortController();
  let current: ChannelModel | undefined;
  const live = async (): Promise<void> => {
    let pauseMs = FIRST_PAUSE_MS;
    let said = '';
    while (!stopping.signal.aborted) {
      try {
        const connection = await amqp.connect(withHeartbeat(url), { timeout: CONNECT_TIMEOUT_MS });
        current = connection;
        let why: unknown;
        connection.on('error', (failure) => {
          why = failure;
        });
        const closed = new Promise<void>((resolve) => connection.on('close', () => resolve()));
        // Stopped meanwhile: nothing else closes it.
        if (stopping.signal.aborted) await connection.close();
        else await open(connection);
        if (said !== '') log.info('RabbitMQ answers again');
        said = '';
        pauseMs = FIRST_PAUSE_MS;
        await closed;
        if (stopping.signal.aborted) return;
        throw why ?? new Error('the connection was closed');
      } catch (failure) {
        current?.close().catch(() => {}); // it is closed already, or about to be
        current = undefined;
        if (stopping.signal.aborted) return;
        const text = messageOf(failure);
        if (text !== said) log.warn(`RabbitMQ is away: ${text}`);
        said = text;
        await pause(pauseMs, stopping.signal).catch(() => {});
        pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
      }
    }
  };
  const ended = live();
  return {
    stop: async () => {
      stopping.abort();
      await current?.close().catch(() => {}); // it broke at this moment
      await ended;
    },
  };
}

function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_S));
  return parsed.href;
}
