import { encodeProperties } from '../../../src/protocol/amqp/basic-properties.js';
import { ByteWriter } from '../../../src/protocol/amqp/byte-writer.js';
import { EMPTY_TABLE, type FieldTable, type FieldValue } from '../../../src/protocol/amqp/field-table.js';
import {
  PROTOCOL_HEADER,
  writeBodyFrame,
  writeHeaderFrame,
  writeMethodFrame,
} from '../../../src/protocol/amqp/frame.js';
import type { Args, Fields, Method } from '../../../src/protocol/amqp/method.js';
import {
  BASIC_CLASS,
  channelOpen,
  connectionOpen,
  connectionStartOk,
  connectionTuneOk,
  METHODS,
} from '../../../src/protocol/amqp/methods.js';
import type { Dice } from './dice.js';
import type { Shot } from './shot.js';
import { spitefulNumber, spitefulText, spoilBytes } from './spoil.js';

export const AMQP_HANDLERS = METHODS.map(({ name }) => name);

const WORDS: Readonly<Record<string, readonly string[]>> = {
  queue: ['orders', 'events', ''],
  exchange: ['', 'amq.direct', 'shop', 'amq.headers'],
  source: ['amq.direct', 'shop'],
  destination: ['shop', 'amq.fanout'],
  type: ['direct', 'topic', 'headers', 'fanout'],
  routingKey: ['orders', '#', '*.a'],
  consumerTag: ['c', ''],
  mechanism: ['PLAIN', 'AMQPLAIN'],
  virtualHost: ['/'],
};
const ARGUMENTS = [
  ...['x-max-length', 'x-message-ttl', 'x-dead-letter-exchange', 'x-max-priority', 'x-expires', 'x-queue-type'],
  ...['x-overflow', 'x-match', 'x-priority', 'alternate-exchange', 'x-single-active-consumer', 'x-death', 'CC'],
];
const CHANNEL = 1;
/** What is sent last, on a channel of its own: its answer shows that all before it was dealt with. */
const LAST_CHANNEL = 2;
const CHANNEL_OPEN_OK = Buffer.from([0, LAST_CHANNEL, 0, 0, 0, 8, 0, 20, 0, 11]);
const CONNECTION_CLOSE = Buffer.from([0, 10, 0, 50]);
const INTERNAL_ERROR = 541;

/** A session that has a queue's name and a few methods behind it, then the one that is meant, whole or spoiled. */
export function amqpShot(dice: Dice, handler: string, spoiled: boolean): Shot {
  const method = METHODS.find(({ name }) => name === handler);
  if (method === undefined) throw new Error(`there is no method ${handler}`);
  const before = spoiled
    ? Array.from({ length: dice.below(4) }, () => dice.pick(METHODS)).filter((one) => one.classId >= 40)
    : [];
  const writer = new ByteWriter();
  for (const one of before) writeCall(writer, one, dice, false);
  const from = writer.at;
  writeCall(writer, method, dice, spoiled && dice.chance(0.5));
  const whole = writer.take();
  const bytes =
    spoiled && dice.chance(0.5)
      ? Buffer.concat([whole.subarray(0, from), spoilBytes(whole.subarray(from), dice)])
      : whole;
  // In every state: a part of the login, or none of it, is before it.
  const greeting = spoiled && dice.chance(0.1) ? LOGIN.subarray(0, dice.below(LOGIN.length)) : LOGIN;
  return {
    handler,
    bytes: Buffer.concat([greeting, bytes, LAST]),
    shown: `${bytes.toString('hex')}${greeting === LOGIN ? '' : ` after ${greeting.length} bytes of the login`}`,
    // A frame that says it is longer than what was sent is waited for.
    mayWait: spoiled,
    isComplete: (received) => received.includes(CHANNEL_OPEN_OK) || received.includes(CONNECTION_CLOSE),
    isReached: ({ received }) => received.length > 0,
    defectOf({ received }) {
      const close = received.indexOf(CONNECTION_CLOSE);
      const code = close >= 0 && received.length >= close + 6 ? received.readUInt16BE(close + 4) : 0;
      return code === INTERNAL_ERROR ? `INTERNAL_ERROR ${received.subarray(close + 7).toString('latin1')}` : undefined;
    },
  };
}

function writeCall(writer: ByteWriter, method: Method, dice: Dice, spoiled: boolean): void {
  const channel = method.classId === 10 ? 0 : spoiled && dice.chance(0.1) ? dice.pick([0, 7, 65_535]) : CHANNEL;
  writeMethodFrame(writer, channel, method, args(method, dice, spoiled));
  if (!method.content) return;
  const body = dice.bytes(100);
  const size = spoiled && dice.chance(0.3) ? dice.pick([0, 2 ** 31, 2 ** 40, body.length + 1]) : body.length;
  writeHeaderFrame(writer, channel, BASIC_CLASS, size, properties(dice, spoiled));
  if (body.length > 0) writeBodyFrame(writer, channel, body);
}

function args(method: Method, dice: Dice, spoiled: boolean): Args {
  const names = Object.keys(method.fields);
  const wrong = spoiled ? dice.pick([...names, '']) : undefined;
  return Object.fromEntries(
    Object.entries(method.fields).map(([name, type]) => [name, argument(name, type, dice, name === wrong)]),
  );
}

function argument(name: string, type: Fields[string], dice: Dice, spoiled: boolean): Args[string] {
  const unsigned = (bits: number): number =>
    Number(BigInt.asUintN(bits, BigInt(Math.trunc(Math.min(spitefulNumber(dice), 2 ** 53)))));
  switch (type) {
    case 'bit':
      return dice.chance(0.3);
    case 'octet':
      return spoiled ? unsigned(8) : 0;
    case 'short':
      return spoiled ? unsigned(16) : dice.below(3);
    case 'long':
      return spoiled ? unsigned(32) : dice.below(3);
    case 'longlong':
      return spoiled ? unsigned(53) : 1 + dice.below(3);
    case 'shortstr':
      return spoiled ? spitefulText(dice).slice(0, 60) : dice.pick(WORDS[name] ?? ['']);
    case 'longstr':
      return dice.bytes(40);
    case 'table':
      return spoiled ? table(dice, 3) : dice.chance(0.5) ? EMPTY_TABLE : table(dice, 1);
  }
}

function properties(dice: Dice, spoiled: boolean): Buffer {
  const some = {
    ...(dice.chance(0.3) && { headers: table(dice, 2) }),
    ...(dice.chance(0.3) && { expiration: spoiled ? spitefulText(dice).slice(0, 60) : '1000' }),
    ...(dice.chance(0.3) && { deliveryMode: dice.pick([1, 2, 255]) }),
    ...(dice.chance(0.3) && { priority: dice.below(256) }),
    ...(dice.chance(0.2) && { userId: dice.pick(['guest', 'other']) }),
    ...(dice.chance(0.2) && { replyTo: dice.pick(['amq.rabbitmq.reply-to', 'orders']) }),
  };
  return encodeProperties(some);
}

function table(dice: Dice, depth: number): FieldTable {
  const length = dice.below(4);
  return new Map(
    Array.from({ length }, () => [
      dice.chance(0.9) ? dice.pick(ARGUMENTS) : spitefulText(dice).slice(0, 60),
      fieldValue(dice, depth),
    ]),
  );
}

function fieldValue(dice: Dice, depth: number): FieldValue {
  if (depth > 0 && dice.chance(0.2)) {
    return dice.chance(0.5)
      ? { type: 'table', value: table(dice, depth - 1) }
      : { type: 'array', value: Array.from({ length: dice.below(3) }, () => fieldValue(dice, depth - 1)) };
  }
  const whole = Math.trunc(Math.max(-(2 ** 31), Math.min(spitefulNumber(dice), 2 ** 31 - 1)));
  return dice.pick<FieldValue>([
    { type: 'signedint', value: whole },
    { type: 'long', value: BigInt(whole) * 2n ** 30n },
    { type: 'double', value: spitefulNumber(dice) },
    { type: 'bool', value: true },
    { type: 'void', value: null },
    { type: 'binary', value: dice.bytes(10) },
    { type: 'timestamp', value: 2n ** 63n - 1n },
    { type: 'decimal', value: { scale: 255, unscaled: 1 } },
    {
      type: 'longstr',
      value: dice.chance(0.7)
        ? dice.pick(['all', 'any', 'reject-publish', 'classic', 'quorum', 'shop'])
        : spitefulText(dice),
    },
  ]);
}

const written = (write: (writer: ByteWriter) => void): Buffer => {
  const writer = new ByteWriter();
  write(writer);
  return writer.take();
};
const LOGIN = Buffer.concat([
  PROTOCOL_HEADER,
  written((writer) => {
    const response = Buffer.from('\0guest\0guest');
    writeMethodFrame(writer, 0, connectionStartOk, {
      clientProperties: EMPTY_TABLE,
      mechanism: 'PLAIN',
      response,
      locale: 'en_US',
    });
    writeMethodFrame(writer, 0, connectionTuneOk, { channelMax: 0, frameMax: 0, heartbeat: 0 });
    writeMethodFrame(writer, 0, connectionOpen, { virtualHost: '/', reserved1: '', reserved2: false });
    writeMethodFrame(writer, CHANNEL, channelOpen, { reserved1: '' });
  }),
]);
const LAST = written((writer) => writeMethodFrame(writer, LAST_CHANNEL, channelOpen, { reserved1: '' }));
