import type { KafkaRecord, PartitionPosition, RecordBatch } from '../../clients/kafka/contract.js';
import type { DecodedValue, ValueDecoder } from '../../clients/schema-registry/decode-value.js';
import type { Session } from '../../kinds/session.js';
import { valueDecoder } from '../../kinds/subject/client.js';
import { kafkaClient } from '../../kinds/topic/client.js';
import { counted } from '../../support/counted.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { requireTopic } from '../topics/topic-named.js';
import type { DecodedRecord, JsonValue, TailRecord } from './record.js';

export interface TailOptions {
  readonly topics: readonly string[];
  /** Where to begin: with what comes from now on, at the beginning, at a time, or so many records before the end of all together. */
  readonly from:
    | { readonly kind: 'end' | 'beginning' }
    | { readonly kind: 'time'; readonly timestampMs: number }
    | { readonly kind: 'last'; readonly records: number };
  /** Where the topics end at the time of the call, end too. */
  readonly exitAtEnd: boolean;
  /** Absent: all. */
  readonly partition?: number | undefined;
  /** Begin where this group has committed. */
  readonly group?: string | undefined;
  readonly signal: AbortSignal;
}

/** Throws EVPIPE_TOPIC_MISSING (kind usage) with what there is, EVPIPE_PARTITION_MISSING. */
export async function* tailTopics(session: Session, options: TailOptions): AsyncGenerator<readonly TailRecord[]> {
  const [kafka, decoder] = await Promise.all([kafkaClient(session.clients), valueDecoder(session.clients)]);
  const ends = await endsOf(session, options);
  const from = await startsOf(session, options, ends);
  const open = new Set(
    options.exitAtEnd ? from.filter((start) => start.offset < endOf(ends, start)).map(placeOf) : from.map(placeOf),
  );
  if (open.size === 0) return;
  const reader = kafka.reader({ from: from.filter((start) => open.has(placeOf(start))), signal: options.signal });
  // The last records of a topic with several partitions: read up to the ends, sort by time, show the newest.
  const held: KafkaRecord[] | undefined = options.from.kind === 'last' ? [] : undefined;
  const waiting = new Set(
    held === undefined ? [] : from.filter((start) => start.offset < endOf(ends, start)).map(placeOf),
  );
  let holding = held !== undefined && waiting.size > 0;
  try {
    for await (const batch of reader) {
      const records = options.exitAtEnd
        ? batch.records.filter((record) => record.offset < endOf(ends, batch))
        : batch.records;
      if (holding && held !== undefined && options.from.kind === 'last') {
        held.push(...records);
        if (batch.nextOffset >= endOf(ends, batch)) waiting.delete(placeOf(batch));
        if (waiting.size === 0) {
          holding = false;
          held.sort((a, b) => a.timestampMs - b.timestampMs);
          yield held.slice(-options.from.records).map((record) => new ReadRecord(record, decoder));
        }
      } else if (records.length > 0) yield records.map((record) => new ReadRecord(record, decoder));
      if (options.exitAtEnd && batch.nextOffset >= endOf(ends, batch)) {
        open.delete(placeOf(batch));
        if (open.size === 0) return;
        reader.unassign([batch]);
      }
    }
  } finally {
    await reader.close();
  }
}

const placeOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string =>
  `${topic}\n${partition}`;

function endOf(ends: readonly PartitionPosition[], at: Pick<RecordBatch, 'topic' | 'partition'>): bigint {
  return ends.find(({ topic, partition }) => topic === at.topic && partition === at.partition)?.offset ?? 0n;
}

async function endsOf(session: Session, { topics, partition }: TailOptions): Promise<readonly PartitionPosition[]> {
  const kafka = await kafkaClient(session.clients);
  const ends: PartitionPosition[] = [];
  for (const topic of topics) {
    const described = await requireTopic(kafka, topic);
    if (partition !== undefined && !described.partitions.some((one) => one.partition === partition)) {
      throw new EvpipeError(
        'EVPIPE_PARTITION_MISSING',
        `topic ${topic} has ${counted(described.partitions.length, 'partition')}; there is no partition ${partition}`,
        { kind: 'usage' },
      );
    }
    const all = await kafka.offsets(topic, 'latest');
    ends.push(...(partition === undefined ? all : all.filter((end) => end.partition === partition)));
  }
  return ends;
}

async function startsOf(
  session: Session,
  options: TailOptions,
  ends: readonly PartitionPosition[],
): Promise<readonly PartitionPosition[]> {
  const { from, group } = options;
  const kafka = await kafkaClient(session.clients);
  const earliest = (await Promise.all(options.topics.map((topic) => kafka.offsets(topic, 'earliest')))).flat();
  if (group !== undefined) {
    const committed = await kafka.committedOffsets(group, options.topics);
    return ends.map((end) => {
      const at = committed.find((one) => one.topic === end.topic && one.partition === end.partition);
      return { ...end, offset: at?.offset ?? endOf(earliest, end) };
    });
  }
  switch (from.kind) {
    case 'end':
      return ends;
    case 'beginning':
      return ends.map((end) => ({ ...end, offset: endOf(earliest, end) }));
    case 'time': {
      const at = (
        await Promise.all(options.topics.map((topic) => kafka.offsets(topic, { timestampMs: from.timestampMs })))
      ).flat();
      return ends.map((end) => ({ ...end, offset: endOf(at, end) }));
    }
    case 'last':
      return ends.map((end) => {
        const start = endOf(earliest, end);
        const wanted = end.offset - BigInt(from.records);
        return { ...end, offset: wanted > start ? wanted : start };
      });
  }
}

/** One small object beside the client's own: a tail keeps thousands of them for a moment. */
class ReadRecord implements TailRecord {
  constructor(
    private readonly record: KafkaRecord,
    private readonly decoder: ValueDecoder,
  ) {}

  get topic(): string {
    return this.record.topic;
  }

  get partition(): number {
    return this.record.partition;
  }

  get offset(): bigint {
    return this.record.offset;
  }

  get timestampMs(): number {
    return this.record.timestampMs;
  }

  get rawKey(): Uint8Array | null {
    return this.record.key;
  }

  get valueBytes(): number {
    return this.record.value?.length ?? 0;
  }

  decode(): DecodedRecord | Promise<DecodedRecord> {
    return decode(this.record, this.decoder);
  }
}

function decode(record: KafkaRecord, decoder: ValueDecoder): DecodedRecord | Promise<DecodedRecord> {
  const key = decoder.decode(record.key, { topic: record.topic, part: 'key' });
  const value = decoder.decode(record.value, { topic: record.topic, part: 'value' });
  if (!(key instanceof Promise) && !(value instanceof Promise)) return decoded(record, key, value);
  return Promise.all([key, value]).then(
    ([decodedKey, decodedValue]) => decoded(record, decodedKey, decodedValue),
    (failure: unknown) => ({ key: null, value: null, headers: [], valueError: messageOf(failure) }),
  );
}

const FORMATS: Readonly<Record<DecodedValue['kind'], string | undefined>> = {
  null: undefined,
  avro: 'Avro',
  json: 'JSON',
  text: 'text',
  binary: 'bytes',
};

function decoded(record: KafkaRecord, key: DecodedValue, value: DecodedValue): DecodedRecord {
  return {
    key: jsonSafe(key.value),
    value: jsonSafe(value.value),
    headers: record.headers.map(([name, bytes]) => [name, bytes === null ? null : bytes.toString('utf8')]),
    format: FORMATS[value.kind],
    ...(value.schemaId === undefined ? {} : { schema: { id: value.schemaId, subject: value.subject } }),
    ...(value.problem === undefined ? {} : { valueError: value.problem }),
  };
}

/** Bytes, and whole numbers that a double can't hold, as text: nothing is lost on the way to a screen or a JSON line. */
export function jsonSafe(value: unknown): JsonValue {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(jsonSafe);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, jsonSafe(part)]));
  }
  return (value ?? null) as JsonValue;
}
