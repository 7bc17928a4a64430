import { EvpipeError } from '../../support/errors.js';
import type { KafkaClient, KafkaRecord } from '../kafka/contract.js';
import { offsetSum } from '../kafka/offset-sum.js';
import { readToEnd } from '../kafka/read-topic.js';
import type { DecodedValue, RecordPart, ValueDecoder } from '../schema-registry/decode-value.js';
import type { DocumentQuery, DocumentsClient, FieldValue, FoundDocument, Lookup } from './contract.js';
import { fieldValueOf, valueAt } from './field-value.js';

/** Bounds memory: what is compared of each key's latest value is held while the check runs. */
const KEYS_MAX = 2_000_000;
const BLOCK = 1_000;

/**
 * A topic as what it comes to: the latest value of each key, without those whose latest is a tombstone; records without a
 * key each stand for themselves. A document has the fields of the value, and as `key` the record's key; a value that has no
 * fields is the field `value`. Every call reads on to where the topic ends by then.
 */
export function topicDocuments(kafka: KafkaClient, decoder: ValueDecoder, signal: AbortSignal): DocumentsClient {
  const known = new Map<string, LatestValues>();
  const latest = async (query: DocumentQuery): Promise<Iterable<FoundDocument>> => {
    const id = JSON.stringify(query);
    const values = known.get(id) ?? new LatestValues(kafka, decoder, query);
    known.set(id, values);
    return values.readOn(signal);
  };
  return {
    version: async () => 'Kafka',

    async estimate(topic) {
      if ((await kafka.describeTopic(topic)) === undefined) return 0;
      const [starts, ends] = await Promise.all([kafka.offsets(topic, 'earliest'), kafka.offsets(topic, 'latest')]);
      return Number(offsetSum(ends) - offsetSum(starts));
    },

    async *stream(query) {
      let block: FoundDocument[] = [];
      for (const document of await latest(query)) {
        block.push(document);
        if (block.length < BLOCK) continue;
        yield block;
        block = [];
      }
      if (block.length > 0) yield block;
    },

    async find(query, lookups) {
      const wanted = lookups.map(({ path, texts }: Lookup) => ({
        index: query.paths.indexOf(path),
        texts: new Set(texts.map((text) => text.toLowerCase())),
      }));
      const isWanted = ({ values }: FoundDocument): boolean =>
        wanted.every(({ index, texts }) => texts.has(textOf(values[index]).toLowerCase()));
      return [...(await latest(query))].filter(isWanted);
    },

    close: async () => {},
  };
}

const textOf = (value: FieldValue | undefined): string => (value !== undefined && 'text' in value ? value.text : '');

/** What one query asks of the latest values, by key of the record. */
class LatestValues {
  private readonly documents = new Map<string, FoundDocument>();
  private readonly next = new Map<number, bigint>();
  /** Two reads at once would take records twice. */
  private reading: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly kafka: KafkaClient,
    private readonly decoder: ValueDecoder,
    private readonly query: DocumentQuery,
  ) {}

  async readOn(signal: AbortSignal): Promise<Iterable<FoundDocument>> {
    const before = this.reading;
    const reading = before.catch(() => {}).then(() => this.read(signal));
    this.reading = reading;
    await reading;
    return this.documents.values();
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
      }
      if (this.documents.size > KEYS_MAX) throw tooManyKeys(topic);
    }
  }

  private async take(record: KafkaRecord): Promise<void> {
    const { partition, offset, topic } = record;
    const place = `${partition} ${offset}`;
    const id = record.key === null ? `offset ${place}` : `key ${record.key.toString('base64')}`;
    if (record.value === null) {
      this.documents.delete(id);
      return;
    }
    const [key, value] = [
      await this.decoded(record.key, { topic, part: 'key' }, place),
      await this.decoded(record.value, { topic, part: 'value' }, place),
    ];
    const document = { ...(isFields(value) ? value : { value }), key };
    const { where, paths } = this.query;
    const at = (path: string): FieldValue => fieldValueOf(valueAt(document, path.split('.')));
    const counts = Object.entries(where).every(([path, scalar]) => {
      const [found, wanted] = [at(path), fieldValueOf(scalar)];
      return found.kind === wanted.kind && textOf(found) === textOf(wanted);
    });
    if (counts) this.documents.set(id, { values: paths.map(at), version: place });
    else this.documents.delete(id);
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

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const tooManyKeys = (topic: string): EvpipeError =>
  new EvpipeError('EVPIPE_TOPIC_TOO_MANY_KEYS', `topic ${topic} has more than ${KEYS_MAX} keys`, {
    todo: 'Check what is made of it: a table that a sink connector or a service writes.',
  });
