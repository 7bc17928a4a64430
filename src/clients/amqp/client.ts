import type { Duplex } from 'node:stream';
import amqp, { type Channel, type ChannelModel, type GetMessage, type Message } from 'amqplib';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { Liveness, questionOf } from '../../support/liveness.js';
import { fieldsOf } from '../../support/plain-object.js';
import { pause } from '../../support/retry.js';
import { type TlsFiles, tlsSettings } from '../../support/tls-files.js';
import type { AmqpClient, MessageProperties, PeekedMessage } from './contract.js';

/** How often a connection is tried: the broker may just be restarting. */
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 50;
const CONNECT_TIMEOUT_MS = 10_000;
/** A broker that is asked to end a connection and does not is not waited for. */
const CLOSE_TIMEOUT_MS = 1_000;

export interface AmqpAddress {
  /** amqp://user:password@host:5672/vhost, or amqps: with TLS */
  readonly url: string;
  readonly ssl?: TlsFiles | undefined;
}

/** Connects when it is first used, and again after a connection broke. */
export function connectAmqp(address: AmqpAddress, liveness = new Liveness()): AmqpClient {
  const link = new Link(address, liveness);
  return {
    async server() {
      const { product, version } = (await link.connected()).connection.serverProperties;
      return { product, version };
    },
    queue: (name) =>
      link
        .onChannel(async (channel) => {
          const { messageCount, consumerCount } = await channel.checkQueue(name);
          return { ready: messageCount, consumers: consumerCount };
        })
        .catch(unlessMissing),
    hasExchange: async (name) =>
      (await link.onChannel(async (channel) => channel.checkExchange(name)).catch(unlessMissing)) !== undefined,
    declareQueue: ({ name, durable, arguments: args }) =>
      link.onChannel(async (channel) => void (await channel.assertQueue(name, { durable, arguments: { ...args } }))),
    declareExchange: ({ name, type, durable, arguments: args }) =>
      link.onChannel(
        async (channel) => void (await channel.assertExchange(name, type, { durable, arguments: { ...args } })),
      ),
    bind: ({ exchange, queue, key, arguments: args }) =>
      link.onChannel(async (channel) => void (await channel.bindQueue(queue, exchange, key, { ...args }))),
    deleteQueue: (name) =>
      link
        .onChannel(async (channel) => ({
          messages: (await channel.deleteQueue(name, { ifUnused: true })).messageCount,
        }))
        .catch(unlessInUse),
    deleteExchange: (name) =>
      link
        .onChannel(async (channel) => {
          await channel.deleteExchange(name, { ifUnused: true });
          return { messages: 0 };
        })
        .catch(unlessInUse),
    publish: (exchange, key, body, properties) => publish(link, { exchange, key, body, properties }),
    peek: (queue, most) =>
      // What a channel has not acknowledged goes back to its place when the channel is closed.
      link.onChannel(async (channel) => {
        const messages: GetMessage[] = [];
        while (messages.length < most) {
          const message = await channel.get(queue);
          if (message === false) break;
          messages.push(message);
        }
        return messages.map(peeked);
      }),
    close: () => link.close(),
  };
}

/** One connection, made again where it broke. */
class Link {
  private connecting: Promise<ChannelModel> | undefined;

  constructor(
    private readonly address: AmqpAddress,
    private readonly liveness: Liveness,
  ) {}

  connected(): Promise<ChannelModel> {
    this.connecting ??= this.connect();
    this.connecting.catch(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  /** On a channel of its own: the broker closes it with the first refusal. */
  async onChannel<T>(work: (channel: Channel) => Promise<T>, confirms = false): Promise<T> {
    const connection = await this.connected();
    return this.answered(this.workOn(connection, work, confirms), () => cut(connection));
  }

  private async workOn<T>(
    connection: ChannelModel,
    work: (channel: Channel) => Promise<T>,
    confirms: boolean,
  ): Promise<T> {
    let refusal: unknown;
    try {
      const channel = confirms ? await connection.createConfirmChannel() : await connection.createChannel();
      channel.on('error', (failure: Error) => {
        refusal = failure;
      });
      const result = await work(channel);
      await channel.close();
      return result;
    } catch (failure) {
      throw errorOf(refusal ?? failure, this.address.url);
    }
  }

  async close(): Promise<void> {
    const connection = await this.connecting?.catch(() => undefined);
    this.connecting = undefined;
    if (connection === undefined) return;
    const silent = setTimeout(() => cut(connection), CLOSE_TIMEOUT_MS);
    await new Promise<void>((resolve) => {
      connection.once('close', () => resolve());
      connection.close().then(resolve, () => resolve()); // it is gone already
    });
    clearTimeout(silent);
  }

  /** Throws EVPIPE_AMQP_SILENT (kind unreachable) where the broker no longer answers anybody. */
  private answered<T>(work: Promise<T>, giveUp: () => void): Promise<T> {
    const { url } = this.address;
    return this.liveness.whileItLives(questionOf(url), work, () => {
      giveUp();
      const message = `RabbitMQ at ${new URL(url).host} has stopped answering`;
      return new EvpipeError('EVPIPE_AMQP_SILENT', message, { kind: 'unreachable' });
    });
  }

  private async connect(): Promise<ChannelModel> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const connecting = amqp.connect(this.address.url, {
          ...tlsSettings(this.address.ssl ?? {}),
          timeout: CONNECT_TIMEOUT_MS,
          clientProperties: { connection_name: 'evpipe' },
        });
        const connection = await this.answered(connecting, () => void connecting.then(cut, () => {}));
        const forget = (): void => {
          this.connecting = undefined;
        };
        connection.on('error', forget);
        connection.on('close', forget);
        return connection;
      } catch (failure) {
        const error = errorOf(failure, this.address.url);
        if (error.kind !== 'unreachable' || error.code === 'EVPIPE_AMQP_SILENT' || attempt >= ATTEMPTS) throw error;
        await pause(FIRST_PAUSE_MS * 2 ** Math.min(attempt, 4));
      }
    }
  }
}

/** Without a word to the broker; what waits for an answer is told. */
function cut(connection: ChannelModel): void {
  connection.on('error', () => {}); // one that was not handed out yet has no listener
  const { stream } = connection.connection as unknown as { readonly stream: Duplex };
  stream.destroy(new Error('given up'));
}

interface Publication {
  readonly exchange: string;
  readonly key: string;
  readonly body: Buffer;
  readonly properties: MessageProperties | undefined;
}

function publish(link: Link, { exchange, key, body, properties }: Publication): Promise<void> {
  return link.onChannel(async (channel) => {
    let returned: Message | undefined;
    channel.on('return', (message) => {
      returned = message;
    });
    const { messageId, contentType, headers } = properties ?? {};
    await new Promise<void>((resolve, reject) => {
      const options = {
        persistent: true,
        mandatory: true,
        ...(messageId === undefined ? {} : { messageId }),
        ...(contentType === undefined ? {} : { contentType }),
        ...(headers === undefined ? {} : { headers: { ...headers } }),
      };
      const confirmed = (failure: unknown): void => (failure == null ? resolve() : reject(failure as Error));
      (channel as amqp.ConfirmChannel).publish(exchange, key, body, options, confirmed);
    });
    if (returned === undefined) return;
    const where = exchange === '' ? `there is no queue ${key}` : `exchange ${exchange} routes key "${key}" to no queue`;
    throw new EvpipeError('EVPIPE_AMQP_NO_ROUTE', where);
  }, true);
}

function peeked({ content, properties }: GetMessage): PeekedMessage {
  const deaths: unknown = properties.headers?.['x-death'];
  const first = Array.isArray(deaths) ? fieldsOf(deaths[0]) : undefined;
  return {
    body: content,
    messageId: properties.messageId === undefined ? undefined : String(properties.messageId),
    died: first === undefined ? undefined : `${String(first.reason)} from ${String(first.queue)}`,
  };
}

function unlessMissing(failure: unknown): undefined {
  if (failure instanceof EvpipeError && failure.code === 'EVPIPE_AMQP_NOT_FOUND') return undefined;
  throw failure;
}

function unlessInUse(failure: unknown): 'in use' {
  if (failure instanceof EvpipeError && failure.code === 'EVPIPE_AMQP_PRECONDITION_FAILED') return 'in use';
  throw failure;
}

/** A refusal has the broker's reply in it: `404 (NOT-FOUND) with message "NOT_FOUND - no queue 'x' in vhost '/'"`. */
function errorOf(failure: unknown, url: string): EvpipeError {
  if (failure instanceof EvpipeError) return failure;
  const message = messageOf(failure);
  const reply = /\d{3} \(([A-Z-]+)\) with message "([\s\S]*)"/.exec(message);
  if (reply !== null) {
    const [, name = '', words = ''] = reply;
    return new EvpipeError(`EVPIPE_AMQP_${name.replaceAll('-', '_')}`, words.replace(/^[A-Z_]+ - /, ''), {
      cause: failure,
      // The broker ends a connection with these when it goes down or is told to.
      kind: name === 'CONNECTION-FORCED' ? 'unreachable' : 'failed',
    });
  }
  const { host } = new URL(url);
  return new EvpipeError('EVPIPE_AMQP_UNREACHABLE', `RabbitMQ does not answer at ${host}: ${message}`, {
    kind: 'unreachable',
    cause: failure,
  });
}
