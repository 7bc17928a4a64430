import type { KafkaRecord } from '../../../clients/kafka/contract.js';
import { jsonReader } from '../../../ksql/formats/json-reader.js';
import { jsonWriter } from '../../../ksql/formats/json-writer.js';
import type { Column } from '../../../ksql/metadata/schema.js';
import type { Source } from '../../../ksql/metadata/source.js';
import type { RowWindow } from '../../../ksql/rows/row.js';
import { StatementError } from '../../../ksql/statement-error.js';
import type { Value } from '../../../ksql/values/value.js';
import { isJsonObject, type Json, parseJson } from '../../../protocol/json/parse.js';
import { stringifyJson } from '../../../protocol/json/stringify.js';
import { RecordDecoder, RecordEncoder } from '../runtime/record-codec.js';
import type { OfflineEngine } from './offline-engine.js';

/** A record as tests write it. */
interface PlainRecord {
  readonly key: Json;
  readonly value: Json;
  readonly timestampMs: number | undefined;
  readonly window: RowWindow | undefined;
}

/** A record as it is compared: key and value as JSON text. */
interface ShownRecord {
  readonly key: string;
  readonly value: string;
  readonly timestampMs: number | undefined;
  readonly window: RowWindow | undefined;
}

/** Records of an offline engine's topics in terms of the columns of the stream or table over them. */
export class OfflineRecords {
  constructor(private readonly engine: OfflineEngine) {}

  private sourceOf(topic: string): Source | undefined {
    return [...this.engine.engine.metastore.sources.values()].find((source) => source.topic === topic);
  }

  async produce(topic: string, record: PlainRecord): Promise<void> {
    if ((await this.engine.kafka.describeTopic(topic)) === undefined) {
      throw new StatementError(`An input is for topic ${topic}, which no statement creates`);
    }
    const source = this.sourceOf(topic);
    const { timestampMs = 0, window } = record;
    if (source === undefined) {
      await this.engine.produce({ topic, key: textBytes(record.key), value: textBytes(record.value), timestampMs });
      return;
    }
    const encoder = await RecordEncoder.create(source, this.engine.registry);
    // A source without a key column may lie over records that have keys; nothing reads them.
    const key =
      record.key === null || source.schema.key.length === 0
        ? textBytes(record.key)
        : encoder.encodeKey(columnsOf(record.key, source.schema.key, source.key.wrapped), window);
    const text = isText(record.value, source);
    const value =
      record.value === null
        ? null
        : text
          ? textBytes(record.value)
          : encoder.encodeValue(columnsOf(record.value, source.schema.value, source.value.wrapped));
    await this.engine.produce({ topic, key, value, timestampMs });
  }

  /** `raw`: the value's text as it is. */
  async read(record: KafkaRecord, raw: boolean): Promise<ShownRecord> {
    const source = this.sourceOf(record.topic);
    const text = record.value?.toString('utf8') ?? 'null';
    if (source === undefined) {
      const { timestampMs } = record;
      return { key: record.key?.toString('utf8') ?? 'null', value: text, timestampMs, window: undefined };
    }
    const decoder = await RecordDecoder.create(source, this.engine.registry);
    await decoder.unready(record);
    // The time of the record itself: the source's TIMESTAMP column is for who reads it.
    const row = decoder.decode(record);
    const key =
      record.key === null || row === undefined ? 'null' : written(row.key, source.schema.key, source.key.wrapped);
    const value =
      record.value === null
        ? 'null'
        : raw && source.value.format === 'DELIMITED'
          ? text
          : written(row?.value ?? [], source.schema.value, source.value.wrapped);
    return { key, value, timestampMs: record.timestampMs, window: row?.window };
  }

  /** What a test expects, as `read` would write it: every column there, names as the source has them. */
  normalised(topic: string, { key, value, timestampMs, window }: PlainRecord): ShownRecord {
    const source = this.sourceOf(topic);
    if (source === undefined) return { key: plainText(key), value: plainText(value), timestampMs, window };
    const { schema } = source;
    const text = isText(value, source);
    return {
      key:
        key === null ? 'null' : written(columnsOf(key, schema.key, source.key.wrapped), schema.key, source.key.wrapped),
      value:
        value === null
          ? 'null'
          : text
            ? plainText(value)
            : written(columnsOf(value, schema.value, source.value.wrapped), schema.value, source.value.wrapped),
      timestampMs,
      window,
    };
  }
}

const isText = (value: Json, { value: format }: Source): boolean =>
  typeof value === 'string' && format.format === 'DELIMITED';

const plainText = (json: Json): string => (typeof json === 'string' ? json : stringifyJson(json));

const textBytes = (json: Json): Buffer | null => (json === null ? null : Buffer.from(plainText(json), 'utf8'));

/** JSON of an object with all columns, or of the only column itself. Throws for names that are no columns. */
function columnsOf(json: Json, columns: readonly Column[], wrapped: boolean): readonly Value[] {
  const [only] = columns;
  const text = parseJson(stringifyJson(json));
  if (columns.length === 1 && only !== undefined && !(wrapped && isJsonObject(json)))
    return [jsonReader(only.type)(text)];
  if (!isJsonObject(json))
    throw new StatementError(
      `an object with ${columns.map(({ name }) => name).join(', ')} is expected, not ${plainText(json)}`,
    );
  const names = new Set(columns.map(({ name }) => name.toUpperCase()));
  const unknown = Object.keys(json).filter((name) => !names.has(name.toUpperCase()));
  if (unknown.length > 0)
    throw new StatementError(
      `there is no column ${unknown.join(', ')}; there are ${columns.map(({ name }) => name).join(', ')}`,
    );
  return jsonReader({ kind: 'STRUCT', fields: columns })(text) as readonly Value[];
}

function written(values: readonly Value[], columns: readonly Column[], wrapped: boolean): string {
  const [only] = columns;
  if (columns.length === 1 && only !== undefined && !wrapped) return jsonWriter(only.type)(values[0] ?? null);
  return jsonWriter({ kind: 'STRUCT', fields: columns })(values);
}
