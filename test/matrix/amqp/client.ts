import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  type ConsumeMessage,
  connect,
  type Options,
} from 'amqplib';
import { afterAll, afterEach, expect } from 'vitest';

export interface Server {
  readonly url: string;
  readonly managementUrl: string;
}

/** Asked in every test; the server may be the same one for all. */
export type Place = () => Server | Promise<Server>;

let counter = 0;

/** A name that no other test has. */
export const unique = (name: string): string => `${name}-${process.pid}-${++counter}`;

const open: { close(): Promise<void> }[] = [];
const shared = new Map<string, Promise<ChannelModel>>();

afterEach(async () => {
  await Promise.allSettled(open.splice(0).map((one) => one.close()));
});

afterAll(async () => {
  await Promise.allSettled([...shared.values()].map(async (connection) => (await connection).close()));
  shared.clear();
});

/** Closed after the test. Its errors are told by whatever the test awaits. */
export async function connected(place: Place): Promise<ChannelModel> {
  const connection = await connect((await place()).url);
  connection.on('error', () => {});
  open.push(connection);
  return connection;
}

/** The connection that tests share who do nothing to it: a new one takes its time. */
export async function sharedConnection(place: Place): Promise<ChannelModel> {
  const { url } = await place();
  const known = shared.get(url) ?? connect(url).then((connection) => connection.on('error', () => {}));
  shared.set(url, known);
  return known;
}

/** A channel of the shared connection, closed after the test. */
export async function opened(place: Place): Promise<ConfirmChannel> {
  const channel = await (await sharedConnection(place)).createConfirmChannel();
  channel.on('error', () => {});
  open.push(channel);
  return channel;
}

export async function declared(channel: Channel, options: Options.AssertQueue = {}): Promise<string> {
  return (await channel.assertQueue(unique('q'), options)).queue;
}

/** Publishes to a queue and waits until the server has it. */
export async function send(
  channel: ConfirmChannel,
  queue: string,
  bodies: ReadonlyArray<string | number>,
  options: Options.Publish = {},
): Promise<void> {
  for (const body of bodies) channel.sendToQueue(queue, Buffer.from(String(body)), options);
  await channel.waitForConfirms();
}

/** What a consumer got so far; `until` waits for as many. */
export class Received {
  readonly messages: ConsumeMessage[] = [];
  readonly cancelled: boolean[] = [];

  readonly take = (message: ConsumeMessage | null): void => {
    if (message === null) this.cancelled.push(true);
    else this.messages.push(message);
  };

  get bodies(): string[] {
    return this.messages.map(({ content }) => content.toString());
  }

  async until(count: number): Promise<ConsumeMessage[]> {
    await expect.poll(() => this.messages.length, { timeout: 20_000, interval: 5 }).toBeGreaterThanOrEqual(count);
    return this.messages;
  }
}

/** All that is ready, taken without acknowledgement. */
export async function drained(channel: Channel, queue: string): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const message = await channel.get(queue, { noAck: true });
    if (message === false) return bodies;
    bodies.push(message.content.toString());
  }
}

export async function got(channel: Channel, queue: string): Promise<ConsumeMessage> {
  const message = await channel.get(queue);
  if (message === false) throw new Error(`${queue} is empty`);
  return message as unknown as ConsumeMessage;
}

export async function ready(channel: Channel, queue: string): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount;
}

/** Waits until so many messages are ready. */
export async function untilReady(channel: Channel, queue: string, count: number): Promise<void> {
  await expect.poll(() => ready(channel, queue), { timeout: 20_000, interval: 10 }).toBe(count);
}

const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;

/** Asks the HTTP API; `path` without /api/. */
export async function askManagement(place: Place, path: string): Promise<Response> {
  return fetch(`${(await place()).managementUrl}/api/${path}`, { headers: { authorization } });
}
