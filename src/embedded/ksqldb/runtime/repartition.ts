import type { KafkaClient, KafkaRecord, NewTopic, PartitionPosition } from '../../../clients/kafka/contract.js';
import { objectReader } from '../../../ksql/formats/json-reader.js';
import { jsonWriter } from '../../../ksql/formats/json-writer.js';
import type { Column, RowSchema } from '../../../ksql/metadata/schema.js';
import type { Row } from '../../../ksql/rows/row.js';
import type { Value } from '../../../ksql/values/value.js';
import { isJsonObject, parseJson } from '../../../protocol/json/parse.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';

/** As often as Kafka Streams purges (repartition.purge.interval.ms). */
const PURGE_EVERY_MS = 30_000;

/** Of no age: what is done with is purged. Small segments, so that disks get free soon, as Kafka Streams makes them. */
export const repartitionSpec = (name: string, partitions: number): NewTopic => ({
  name,
  partitions,
  config: { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'segment.bytes': String(50 * 1024 * 1024) },
});

/**
 * Rows between two parts of a query, as values of records: JSON of [partition, offset, key, value, by], the key null where the
 * record had none. Partition and offset are those of the source, which columns may name; `by` is the new key. Time and headers are
 * those of the record. Values stand by their names, without nulls: rows may be on their way when the source gets another column.
 */
export class SentRows {
  /** Nothing has to be fetched. */
  readonly waits = false;
  private readonly key: Cells;
  private readonly value: Cells;
  private readonly by: Cells;
  private readonly width: number;

  constructor({ key, value }: RowSchema, by: number) {
    this.width = value.length - by;
    this.key = cellsOf(key);
    this.value = cellsOf(value.slice(0, this.width));
    this.by = cellsOf(value.slice(this.width));
  }

  unready(): undefined {}

  encode({ partition, offset, key, value, keyless }: Row): Buffer {
    const keyText = keyless === true ? 'null' : this.key.write(key);
    const [valueText, byText] = [this.value.write(value ?? []), this.by.write(value?.slice(this.width) ?? [])];
    return Buffer.from(`[${partition},${offset},${keyText},${valueText},${byText}]`);
  }

  decode({ value, timestampMs, headers }: KafkaRecord): Row {
    const json = parseJson(value?.toString() ?? '');
    if (!Array.isArray(json)) throw new TypeError('a row in a repartition topic is an array');
    const [partition, offset, key, cells, by] = json;
    return {
      key: this.key.read(key),
      value: [...this.value.read(cells), ...this.by.read(by)],
      timestampMs,
      partition: Number(partition),
      offset: BigInt(String(offset)),
      headers,
      window: undefined,
      keyless: key === null,
    };
  }
}

interface Cells {
  readonly write: (values: readonly Value[]) => string;
  readonly read: (json: unknown) => Value[];
}

function cellsOf(columns: readonly Column[]): Cells {
  const writers = columns.map(({ name, type }) => ({ head: `${JSON.stringify(name)}:`, write: jsonWriter(type) }));
  const read = objectReader(columns);
  return {
    write(values) {
      const parts = writers.map(({ head, write }, at) => {
        const value = values[at] ?? null;
        return value === null ? '' : head + write(value);
      });
      return `{${parts.filter((part) => part !== '').join(',')}}`;
    },
    read: (json) => (isJsonObject(json) ? read(json) : columns.map(() => null)),
  };
}

/** Removes from a query's repartition topic what the query has committed. */
export class RepartitionPurge {
  private doneMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly kafka: KafkaClient,
    private readonly log: Log,
  ) {}

  /** What could not be removed is the next time. */
  async behind(committed: readonly PartitionPosition[]): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.doneMs < PURGE_EVERY_MS) return;
    this.doneMs = nowMs;
    await this.kafka
      .deleteRecords(committed)
      .catch((failure: unknown) => this.log.warn(`could not purge a repartition topic: ${messageOf(failure)}`));
  }
}
