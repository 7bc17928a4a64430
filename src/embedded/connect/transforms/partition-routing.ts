import { optional, required } from '../../../protocol/connect/option.js';
import { textHash } from '../../../support/java-hash.js';
import { ConnectFailure, DEBEZIUM_EXCEPTION } from '../data/failure.js';
import { javaText } from '../data/java-text.js';
import { type Schema, Struct, type Value } from '../data/schema.js';
import { DEBEZIUM, isEnvelope, type TransformPlugin } from './transform.js';

export const partitionRouting: TransformPlugin = {
  className: `${DEBEZIUM}.partitions.PartitionRouting`,
  meaning: 'The partition from fields of the event, by Java’s hash codes. `change` is after, or before of a delete.',
  options: [
    {
      ...required('LIST', 'partition.payload.fields', 'Fields that decide: after.name, change.name.'),
      wording: 'debezium',
    },
    {
      ...required('INT', 'partition.topic.num', 'How many partitions the topic has.'),
      wording: 'debezium',
      check: (text) => (Number(text) > 0 ? undefined : 'A positive, non-zero integer value is expected'),
    },
    optional('STRING', 'partition.hash.function', 'java', 'How values are hashed.', {
      importance: 'LOW',
      check: (name) =>
        name.trim().toLowerCase() === 'murmur' ? 'evpipe does not have murmur: leave it out for java' : undefined,
    }),
  ],
  create(options) {
    const paths = options.list('partition.payload.fields').map((path) => path.split('.').map((step) => step.trim()));
    const partitions = options.int('partition.topic.num');
    return (record) => {
      if (!isEnvelope(record) || !(record.value instanceof Struct)) return record;
      const event = record.value;
      const operation = event.get('op');
      if (operation === 't' || operation === 'm') return record;
      const change = operation === 'd' ? 'before' : 'after';
      const found = paths
        .map((path) =>
          fieldAt(
            event,
            path.map((step) => (step === 'change' ? change : step)),
          ),
        )
        .filter((one) => one !== undefined);
      if (found.length === 0) return record;
      const hash = found.reduce((sum, { schema, value }) => (sum + javaHash(schema, value)) | 0, 0);
      return { ...record, partition: (hash & 0x7fffffff) % partitions };
    };
  },
};

/** Undefined where there is no such field, or it is null. */
function fieldAt(
  event: Struct,
  path: readonly string[],
): { readonly schema: Schema; readonly value: Value } | undefined {
  let schema = event.schema;
  let value: Value = event;
  for (const step of path) {
    if (!(value instanceof Struct))
      throw new ConnectFailure(`Unprocessable message ${javaText(event.schema, event)}`, {
        className: DEBEZIUM_EXCEPTION,
      });
    const field = value.schema.field(step);
    if (field === undefined) return undefined;
    schema = field.schema;
    value = value.values[field.index] ?? schema.defaultValue ?? null;
  }
  return value === null ? undefined : { schema, value };
}

/** Object.hashCode of what Connect holds for such a value. Undefined for bytes and structures in Java: they have no lasting hash. */
function javaHash(schema: Schema | undefined, value: Value): number {
  switch (typeof value) {
    case 'string':
      return textHash(value);
    case 'boolean':
      return value ? 1231 : 1237;
    case 'number':
    case 'bigint':
      return numberHash(schema?.type, value);
    default:
  }
  if (value === null) return 0;
  if (Array.isArray(value))
    return value.reduce<number>((hash, one) => (Math.imul(31, hash) + javaHash(schema?.values, one)) | 0, 1);
  throw new ConnectFailure(
    `Values of type ${schema?.type ?? 'map'} do not decide on a partition: name a field of a plain type`,
    {
      className: DEBEZIUM_EXCEPTION,
    },
  );
}

function numberHash(type: Schema['type'] | undefined, value: number | bigint): number {
  const bits = new DataView(new ArrayBuffer(8));
  switch (type) {
    case 'float32':
      bits.setFloat32(0, Number(value));
      return bits.getInt32(0);
    case 'float64':
      bits.setFloat64(0, Number(value));
      break;
    case 'int64':
      bits.setBigInt64(0, BigInt(value));
      break;
    default:
      return Number(value);
  }
  return bits.getInt32(0) ^ bits.getInt32(4);
}
