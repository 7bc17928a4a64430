import { EvpipeError } from '../../support/errors.js';
import type { KafkaClient, KafkaRecord } from '../kafka/contract.js';
import { offsetSum } from '../kafka/offset-sum.js';
import { readToEnd } from '../kafka/read-topic.js';
import type { DecodedValue, RecordPart, ValueDecoder } from '../schema-registry/decode-value.js';
import type { DocumentQuery, DocumentsClient, FieldValue, FoundDocument } from './contract.js';
import { fieldValueOf, isSameField, textOf, valueAt } from './field-value.js';
import { holdsAll } from './lookups.js';

/** Bounds memory: what is compared of each key's latest value is held while the check runs. */
const BYTES_MAX = 512 * 2 ** 20;
/** Of a document and of each of its values beside their texts: objects, and their place in maps. */
const DOCUMENT_BYTES = 200;
const VALUE_BYTES = 64;
const BLOCK = 1_000;

/**
 * A topic as what it comes to: the latest value of each key, without those whose latest is a tombstone; records without a
 * key each stand for themselves. A document has the fields of the value, and as `key` the record's key; a value that has no
 * fields is the field `value`. Every call reads on to where the topic ends by then.
 */
export function topicDocuments(
  kafka: KafkaClient,
  decoder: ValueDecoder,
  signal: AbortSignal,
  bytesMax = BYTES_MAX,
): DocumentsClient {
  const known = new Map<string, LatestValues>();
  const latest = async (query: DocumentQuery): Promise<LatestValues> => {
    const id = JSON.stringify(query);
    const values = known.get(id) ?? new LatestValues(kafka, decoder, query, bytesMax);
    known.set(id, values);
    await values.readOn(signal);
    return values;
  };
  return {
    versioned: true,
    scans: false,
    version: async () => 'Kafka',

    async estimate(topic) {
      if ((await kafka.describeTopic(topic)) === undefined) return 0;
      const [starts, ends] = await Promise.all([kafka.offsets(topic, 'earliest'), kafka.offsets(topic, 'latest')]);
      return Number(offsetSum(ends) - offsetSum(starts));
    },

    async *stream(query) {
      let block: FoundDocument[] = [];
      for (const document of (await latest(query)).all()) {
        block.push(document);
        if (block.length < BLOCK) continue;
        yield block;
        block = [];
      }
      if (block.length > 0) yield block;
    },

    async find(query, lookups) {
      const [first, ...others] = lookups;
      const values = await latest(query);
      const candidates = first === undefined ? values.all() : values.having(first.path, first.texts);
      return [...candidates].filter(holdsAll(query, others));
    },

    close: async () => {},
  };
}

/** What one query asks of the latest values, by key of the record. */
class LatestValues {
  private readonly documents = new Map<string, FoundDocument>();
  private bytes = 0;
  /** By place of a path in the query: the keys of records whose value there reads so. Made when a path is first looked up. */
  private readonly indexes = new Map<number, Map<string, Set<string>>>();
  private readonly next = new Map<number, bigint>();
  /** Two reads at once would take records twice. */
  private reading: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly kafka: KafkaClient,
    private readonly decoder: ValueDecoder,
    private readonly query: DocumentQuery,
    private readonly bytesMax: number,
  ) {}

  all(): Iterable<FoundDocument> {
    return this.documents.values();
  }

  /** Those whose value at the path is one of the texts, whatever its letter case. */
  *having(path: string, texts: readonly string[]): Generator<FoundDocument> {
    const at = this.query.paths.indexOf(path);
    const index = this.indexes.get(at) ?? this.indexBy(at);
    for (const text of new Set(texts.map(indexed))) {
      for (const id of index.get(text) ?? []) {
        const document = this.documents.get(id);
        if (document !== undefined) yield document;
      }
    }
  }

  private indexBy(at: number): Map<string, Set<string>> {
    const index = new Map<string, Set<string>>();
    for (const [id, { values }] of this.documents) enter(index, textOf(values[at]), id);
    this.indexes.set(at, index);
    return index;
  }

  private keep(id: string, document: FoundDocument | undefined): void {
    const before = this.documents.get(id);
    this.bytes += bytesOf(id, document) - bytesOf(id, before);
    for (const [at, index] of this.indexes) {
      if (before !== undefined) index.get(indexed(textOf(before.values[at])))?.delete(id);
      if (document !== undefined) enter(index, textOf(document.values[at]), id);
    }
    if (document === undefined) this.documents.delete(id);
    else this.documents.set(id, document);
  }

  async readOn(signal: AbortSignal): Promise<void> {
    const before = this.reading;
    const reading = before.catch(() => {}).then(() => this.read(signal));
    this.reading = reading;
    await reading;
  }

  private async read(signal: AbortSignal): Promise<void> {
    const { collection: topic } = this.query;
    if ((await this.kafka.describeTopic(topic)) === undefined) return;
    const from = (await this.kafka.offsets(topic, 'earliest')).map((start) => ({
      ...start,
      offset: this.next.get(start.partition) ?? start.offset,
    }));
    for await (const { records } of readToEnd(this.kafka, topic, { from, signal })) {
      for (const record of records) {
        await this.take(record);
        this.next.set(record.partition, record.offset + 1n);
        if (this.bytes > this.bytesMax) throw tooLarge(topic, this.bytesMax);
      }
    }
  }

  private async take(record: KafkaRecord): Promise<void> {
    const { partition, offset, topic } = record;
    const place = `${partition} ${offset}`;
    const id = record.key === null ? `offset ${place}` : `key ${record.key.toString('base64')}`;
    if (record.value === null) {
      this.keep(id, undefined);
      return;
    }
    const [key, value] = [
      await this.decoded(record.key, { topic, part: 'key' }, place),
      await this.decoded(record.value, { topic, part: 'value' }, place),
    ];
    const document = { ...(isFields(value) ? value : { value }), key };
    const { where, paths } = this.query;
    const at = (path: string): FieldValue => fieldValueOf(valueAt(document, path.split('.')));
    const counts = Object.entries(where).every(([path, scalar]) => isSameField(at(path), fieldValueOf(scalar)));
    this.keep(id, counts ? { values: paths.map(at), version: place } : undefined);
  }

  private async decoded(bytes: Buffer | null, part: RecordPart, place: string): Promise<unknown> {
    const { value, problem }: DecodedValue = await this.decoder.decode(bytes, part);
    if (problem === undefined) return value;
    throw new EvpipeError(
      'EVPIPE_RECORD_UNREADABLE',
      `the ${part.part} of record ${place} (partition, offset) of topic ${part.topic} can't be read: ${problem}`,
    );
  }
}

const indexed = (text: string): string => text.toLowerCase();

function enter(index: Map<string, Set<string>>, text: string, id: string): void {
  const ids = index.get(indexed(text)) ?? new Set();
  index.set(indexed(text), ids.add(id));
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const bytesOf = (id: string, document: FoundDocument | undefined): number =>
  document === undefined
    ? 0
    : document.values.reduce((sum, value) => sum + VALUE_BYTES + textOf(value).length, DOCUMENT_BYTES + id.length);

const tooLarge = (topic: string, bytesMax: number): EvpipeError =>
  new EvpipeError(
    'EVPIPE_TOPIC_TOO_LARGE',
    `what is compared of the latest values of topic ${topic} takes more than ${Math.round(bytesMax / 2 ** 20)} MB`,
    { todo: 'Compare fewer columns, or what is made of it: a table that a sink connector or a service writes.' },
  );
