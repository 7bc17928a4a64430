import { crc32c } from '@node-rs/crc32';
import { HANDLERS } from '../../../src/embedded/kafka/requests/table.js';
import { encodeRequest } from '../../../src/protocol/kafka/codec.js';
import { encodeBatch } from '../../../src/protocol/kafka/encode-batch.js';
import { type Field, type Fields, includes, type Primitive, ZERO_UUID } from '../../../src/protocol/kafka/schema.js';
import type { Dice } from './dice.js';
import type { Shot } from './shot.js';
import { spitefulNumber, spitefulText, spoilBytes } from './spoil.js';

const HEADER = { correlationId: 1, clientId: 'fuzz' };
/** Where the batch's checksum lies, and what it covers begins. */
const [CRC_AT, COVERED_FROM] = [17, 21];

/** Names that mean something where they stand; of other texts any will do. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  name: ['orders', 'events', 'new-topic', 'retention.ms', 'cleanup.policy'],
  topic: ['orders', 'events'],
  topicName: ['orders', 'events'],
  topics: ['orders', 'events'],
  groupId: ['readers', 'others'],
  groups: ['readers', 'others'],
  groupsNames: ['readers', 'others'],
  keys: ['readers', 'others'],
  memberId: ['', 'member-1'],
  transactionalId: ['transaction-1'],
  transactionalIds: ['transaction-1'],
  v3AndBelowTransactionalId: ['transaction-1'],
  protocolType: ['consumer'],
  protocolName: ['range'],
  mechanism: ['PLAIN', 'SCRAM-SHA-256'],
  subscribedTopicRegex: ['ord.*', '(a+)+$'],
  transactionalIdPattern: ['tx.*', '(a+)+$'],
  value: ['1', 'compact', 'true', '1000000'],
  subscribedTopicNames: ['orders', 'events'],
};
const TEXTS = ['orders', 'readers', 'consumer', 'User:ann', '*', '1', ''];
const SMALL = [0, 1, 1, 2, 3, -1];
/** A request that asks for a wait of seconds would only tell how long it waits. */
const WAITS = /(Ms|Timeout)$/;
/** They wait for other members, for data, or are not answered at all (acks=0). */
const MAY_WAIT = new Set(['Fetch', 'JoinGroup', 'SyncGroup', 'ShareFetch', 'Produce']);

/** Requests of every handler in every version, whole or with one field or byte spoiled. */
export const KAFKA_HANDLERS = HANDLERS.map(({ api }) => api.name);

export function kafkaShot(dice: Dice, handler: string, spoiled: boolean): Shot {
  const found = HANDLERS.find(({ api }) => api.name === handler);
  if (found === undefined) throw new Error(`there is no handler ${handler}`);
  const { api, versions } = found;
  const version = versions[0] + dice.below(versions[1] - versions[0] + 1);
  const byField = dice.chance(0.5);
  const values = new RequestValues(dice, version, spoiled && byField ? dice.below(12) : -1);
  let frame: Buffer = Buffer.concat(encodeRequest(api, version, HEADER, values.struct(api.request)));
  // The size stays right, else the broker would rightly wait for more.
  if (spoiled && !byField) frame = framed(spoilBytes(frame.subarray(4), dice));
  const size = (received: Buffer): number => (received.length < 4 ? 0 : received.readInt32BE(0));
  return {
    handler,
    bytes: frame,
    shown: `${api.name} ${version} ${frame.toString('hex')}`,
    mayWait: MAY_WAIT.has(api.name),
    isComplete: (received) => received.length >= 4 && received.length >= 4 + size(received),
    isReached: ({ end }) => end !== 'closed',
    defectOf: () => undefined,
  };
}

function framed(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}

/** Values for the grammar of a request; the `spoiledAt`th field is not what it should be. */
class RequestValues {
  private fields = 0;

  constructor(
    private readonly dice: Dice,
    private readonly version: number,
    private readonly spoiledAt: number,
  ) {}

  struct(fields: Fields): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(fields)
        .filter(([, field]) => includes(field.versions, this.version))
        .map(([name, field]) => [name, this.field(name, field)]),
    );
  }

  private field(name: string, { type, options }: Field<unknown, unknown>): unknown {
    const spoiled = this.fields++ === this.spoiledAt;
    const mayBeNull = options.nullable !== undefined && includes(options.nullable, this.version);
    if (mayBeNull && this.dice.chance(spoiled ? 0.5 : 0.2)) return null;
    return this.value(name, type, spoiled);
  }

  private value(name: string, type: Field<unknown>['type'], spoiled: boolean): unknown {
    const { dice } = this;
    switch (type.kind) {
      case 'primitive':
        return this.primitive(name, type.primitive, spoiled);
      case 'struct':
        return this.struct(type.fields);
      case 'list': {
        const { element } = type;
        const length = spoiled ? dice.pick([0, 200]) : dice.pick([0, 1, 1, 1, 2]);
        const first = this.value(name, element, false);
        // The same twice is a list that servers stumble over, too.
        return Array.from({ length }, () => (spoiled ? first : this.value(name, element, false)));
      }
    }
  }

  private primitive(name: string, primitive: Primitive, spoiled: boolean): unknown {
    const { dice } = this;
    const number = spoiled ? spitefulNumber(dice) : WAITS.test(name) ? dice.below(20) : dice.pick(SMALL);
    const whole = BigInt(Math.trunc(Math.max(-(2 ** 63), Math.min(number, 2 ** 62))));
    switch (primitive) {
      case 'bool':
        return dice.chance(0.5);
      case 'int8':
        return Number(BigInt.asIntN(8, whole));
      case 'int16':
        return Number(BigInt.asIntN(16, whole));
      case 'uint16':
        return Number(BigInt.asUintN(16, whole));
      case 'int32':
        return Number(BigInt.asIntN(32, whole));
      case 'uint32':
        return Number(BigInt.asUintN(32, whole));
      case 'int64':
        return whole;
      case 'float64':
        return number;
      case 'uuid':
        return dice.chance(0.5)
          ? ZERO_UUID
          : Buffer.from(dice.bytes(17).toString('hex').padEnd(32, '0').slice(0, 32), 'hex').toString('base64url');
      case 'string':
        return spoiled ? spitefulText(dice) : dice.pick(WORDS[name] ?? TEXTS);
      case 'bytes':
        return dice.chance(0.5) ? Buffer.from('\0\0\0\0\0\x01\0\x06orders\xff\xff\xff\xff', 'latin1') : dice.bytes(40);
      case 'records':
        return spoiled ? spoiledBatch(dice) : batch(dice);
    }
  }
}

const batch = (dice: Dice): Buffer =>
  encodeBatch(
    dice.chance(0.3)
      ? { producerId: dice.below(3), producerEpoch: 0, baseSequence: dice.below(3), transactional: dice.chance(0.5) }
      : {},
    Array.from({ length: 1 + dice.below(3) }, (_, offsetDelta) => ({
      offsetDelta,
      timestampMs: 1_000,
      key: dice.chance(0.5) ? null : Buffer.from('k'),
      value: dice.chance(0.2) ? null : dice.bytes(50),
      ...(dice.chance(0.2) && { headers: [['h', null]] as const }),
    })),
  );

/** Half of them with a checksum that fits what was spoiled, so that it is looked into. */
function spoiledBatch(dice: Dice): Buffer {
  const bytes = spoilBytes(batch(dice), dice);
  if (bytes.length <= COVERED_FROM || dice.chance(0.5)) return bytes;
  const whole = Buffer.from(bytes);
  whole.writeInt32BE(whole.length - 12, 8);
  whole.writeUInt32BE(crc32c(whole.subarray(COVERED_FROM)), CRC_AT);
  return whole;
}
