import { connect as connectSocket, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../../src/protocol/amqp/byte-reader.js';
import { ByteWriter } from '../../../../src/protocol/amqp/byte-writer.js';
import { EMPTY_TABLE } from '../../../../src/protocol/amqp/field-table.js';
import { PROTOCOL_HEADER, writeMethodFrame } from '../../../../src/protocol/amqp/frame.js';
import type { Args, Fields, Method } from '../../../../src/protocol/amqp/method.js';
import {
  basicPublish,
  channelOpen,
  connectionClose,
  connectionOpen,
  connectionStartOk,
  connectionTuneOk,
  decodeMethod,
  METHODS,
} from '../../../../src/protocol/amqp/methods.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { seeded } from '../../../support/seeded.js';
import { TestAmqp } from './running-amqp.js';

/** A client that sends what it is told to and keeps what it gets. */
class RawSocket {
  private constructor(
    readonly socket: Socket,
    private received: Buffer,
  ) {
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    socket.on('error', () => {});
  }

  static async open(port: number): Promise<RawSocket> {
    const socket = connectSocket(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawSocket(socket, Buffer.alloc(0));
  }

  /** One that has logged in and opened channel 1. */
  static async ready(port: number, heartbeat = 0): Promise<RawSocket> {
    const raw = await RawSocket.open(port);
    raw.socket.write(PROTOCOL_HEADER);
    raw.send(0, connectionStartOk, {
      clientProperties: EMPTY_TABLE,
      mechanism: 'PLAIN',
      response: Buffer.from('\0guest\0guest'),
      locale: 'en_US',
    });
    raw.send(0, connectionTuneOk, { channelMax: 0, frameMax: 0, heartbeat });
    raw.send(0, connectionOpen, { virtualHost: '/', reserved1: '', reserved2: false });
    raw.send(1, channelOpen, { reserved1: '' });
    await expect
      .poll(() => raw.methods().map(({ method }) => method.name), { interval: 2, timeout: 20_000 })
      .toContain('channel.open-ok');
    return raw;
  }

  send<F extends Fields>(channel: number, method: Method<F>, args: Args<F>): void {
    const writer = new ByteWriter();
    writeMethodFrame(writer, channel, method, args);
    this.socket.write(writer.take());
  }

  frame(type: number, channel: number, payload: Uint8Array, end = 0xce): void {
    const writer = new ByteWriter();
    writer.octet(type);
    writer.short(channel);
    writer.longstr(payload);
    writer.octet(end);
    this.socket.write(writer.take());
  }

  get bytes(): Buffer {
    return this.received;
  }

  /** The method frames so far. */
  methods(): { method: Method; args: Args }[] {
    const reader = new ByteReader(this.received);
    const found: { method: Method; args: Args }[] = [];
    while (reader.left >= 8) {
      const type = reader.octet();
      reader.short();
      const payload = reader.longstr();
      reader.octet();
      if (type === 1) found.push(decodeMethod(payload));
    }
    return found;
  }

  async closes(): Promise<void> {
    await expect.poll(() => this.socket.closed || this.socket.readableEnded, { timeout: 20_000 }).toBe(true);
    this.socket.destroy();
  }

  /** What the server closed the connection with. */
  async refused(): Promise<string> {
    const close = () => this.methods().find(({ method }) => method === connectionClose)?.args;
    await expect.poll(close, { timeout: 20_000 }).toBeDefined();
    this.socket.destroy();
    return String(close()?.replyText);
  }
}

describe('an AMQP server among bad clients', () => {
  it('says which protocol it speaks to whoever speaks another one', async () => {
    const server = await TestAmqp.start();
    const raw = await RawSocket.open(server.port);
    raw.socket.write('SSH-2.0-OpenSSH_9.2\r\n');
    await raw.closes();
    expect(raw.bytes.equals(PROTOCOL_HEADER)).toBe(true);
  });

  it('ends a connection that makes no sense, with the code for it, and serves the others', async () => {
    const server = await TestAmqp.start();
    const good = await (await server.connect()).createChannel();
    const refusal = async (wrong: (raw: RawSocket) => void): Promise<string> => {
      const raw = await RawSocket.ready(server.port);
      wrong(raw);
      return raw.refused();
    };
    expect(await refusal((raw) => raw.socket.write(Buffer.from([1, 0, 1, 0x7f, 0, 0, 0])))).toContain('FRAME_ERROR');
    expect(await refusal((raw) => raw.frame(1, 1, Buffer.from([0, 20, 0, 10, 0]), 0))).toContain('FRAME_ERROR');
    expect(await refusal((raw) => raw.frame(5, 1, Buffer.alloc(4)))).toContain('FRAME_ERROR');
    expect(await refusal((raw) => raw.frame(1, 1, Buffer.from([0, 99, 0, 99])))).toContain('SYNTAX_ERROR');
    expect(await refusal((raw) => raw.frame(3, 1, Buffer.alloc(4)))).toContain('UNEXPECTED_FRAME');
    expect(await refusal((raw) => raw.send(1, channelOpen, { reserved1: '' }))).toContain("second 'channel.open' seen");
    const publish = { reserved1: 0, exchange: '', routingKey: 'q', mandatory: false, immediate: false };
    expect(
      await refusal((raw) => {
        raw.send(1, basicPublish, publish);
        raw.send(1, basicPublish, publish);
      }),
    ).toContain('UNEXPECTED_FRAME - expected content header for class 60');
    expect(await refusal((raw) => raw.send(7, basicPublish, publish))).toBe("CHANNEL_ERROR - expected 'channel.open'");
    await good.checkExchange('amq.direct');
  });

  it('survives random bytes behind every method, and in every state', async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1e9);
    console.info(`seed ${seed}`);
    const random = seeded(seed);
    const bytes = (): Buffer => Buffer.from(Array.from({ length: Math.floor(random() * 60) }, () => random() * 256));
    const server = await TestAmqp.start();
    const good = await (await server.connect()).createChannel();
    for (const method of METHODS) {
      const raw = random() < 0.3 ? await RawSocket.open(server.port) : await RawSocket.ready(server.port);
      const numbers = Buffer.alloc(4);
      numbers.writeUInt16BE(method.classId, 0);
      numbers.writeUInt16BE(method.methodId, 2);
      raw.frame(1, method.classId === 10 ? 0 : 1, Buffer.concat([numbers, bytes()]));
      raw.socket.end(bytes());
      await new Promise((resolve) => setImmediate(resolve));
    }
    await good.checkExchange('amq.direct');
  });

  it('gives a client up that keeps silent longer than it promised, and not before', async () => {
    const clock = new ManualClock();
    const server = await TestAmqp.start({ clock });
    const raw = await RawSocket.ready(server.port, 10);
    const before = raw.bytes.length;
    clock.pass(5_000);
    clock.pass(5_000);
    await expect.poll(() => raw.bytes.length).toBeGreaterThan(before); // the server's own heartbeats
    expect(raw.socket.closed).toBe(false);
    for (let n = 0; n < 4; n++) clock.pass(5_000);
    await raw.closes();
  });

  it('lets a message expire after its time, whichever way the clock of the machine is set, also from disk', async () => {
    const clock = new ManualClock();
    const server = await TestAmqp.start({ clock });
    const open = async () => (await server.connect()).createConfirmChannel();
    let channel = await open();
    const publish = async (expiration: number): Promise<void> => {
      channel.sendToQueue('q', Buffer.from('m'), { persistent: true, expiration });
      await channel.waitForConfirms();
    };
    const left = async (): Promise<number> => (await channel.checkQueue('q')).messageCount;
    await channel.assertQueue('q');
    await publish(5_000);
    clock.step(3_600_000);
    clock.pass(4_000);
    expect(await left(), 'set forward').toBe(1);
    clock.step(-4_000_000);
    clock.pass(1_000);
    expect(await left(), 'set back').toBe(0);
    await publish(5_000);
    await server.restart();
    channel = await open();
    clock.pass(4_000);
    expect(await left()).toBe(1);
    clock.pass(1_000);
    expect(await left()).toBe(0);
  });

  it('holds a consumer back that does not read, and serves the others meanwhile', async () => {
    const server = await TestAmqp.start();
    const channel = await (await server.connect()).createConfirmChannel();
    await channel.assertQueue('q', { durable: false });
    const slow = await server.connect();
    const consumer = await slow.createChannel();
    let taken = 0;
    await consumer.consume('q', () => taken++, { noAck: true });
    const socket = (slow as unknown as { connection: { stream: Socket } }).connection.stream;
    socket.pause();
    for (let n = 0; n < 400; n++) channel.sendToQueue('q', Buffer.alloc(100_000));
    await channel.waitForConfirms();
    // Some of the 40 MB is in the sockets' buffers, the rest stays in the queue.
    expect((await channel.checkQueue('q')).messageCount).toBeGreaterThan(20);
    socket.resume();
    await expect.poll(() => taken, { timeout: 20_000 }).toBe(400);
  });
});
