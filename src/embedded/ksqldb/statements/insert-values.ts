import type { Source } from '../../../ksql/metadata/source.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { insertedValues } from '../../../ksql/statements/inserted-values.js';
import type { Value } from '../../../ksql/values/value.js';
import { messageOf } from '../../../support/errors.js';
import type { Engine } from '../engine.js';
import { RecordEncoder } from '../runtime/record-codec.js';
import { circumstances, type Handler } from './context.js';

/** INSERT INTO … VALUES: one record, acknowledged before the answer; it adds no entity. */
export const insertValues: Handler<'insert-values'> = async (statement, context) => {
  const { source, values } = insertedValues(statement, circumstances(context));
  await insertRow(context.engine, source, values);
  return undefined;
};

/** Writes one row; columns that are not there are null, ROWTIME is the record's time. */
export async function insertRow(engine: Engine, source: Source, values: ReadonlyMap<string, Value>): Promise<void> {
  const { kafka, registry, world } = engine.parts;
  if ((await kafka.describeTopic(source.topic)) === undefined) {
    throw new StatementError(
      `Failed to insert values into '${source.name}'. Kafka topic does not exist: ${source.topic}`,
    );
  }
  const key = source.schema.key.map(({ name }) => values.get(name) ?? null);
  if (source.type === 'TABLE' && key.some((part) => part === null)) {
    throw new StatementError(
      `Failed to insert values into '${source.name}'. Value for primary key column(s) ${source.schema.key.map(({ name }) => `\`${name}\``).join(', ')} is required for tables`,
    );
  }
  const value = source.schema.value.map(({ name }) => values.get(name) ?? null);
  const timestampMs = Number(values.get('ROWTIME') ?? world.now());
  const encoder = await RecordEncoder.create(source, registry);
  try {
    const record = {
      topic: source.topic,
      key: encoder.encodeKey(
        key,
        undefined,
        key.every((part) => part === null),
      ),
      value: encoder.encodeValue(value),
      timestampMs,
    };
    await engine.insertProducer().send([record]);
  } catch (failure) {
    throw new StatementError(`Failed to insert values into '${source.name}'. ${messageOf(failure)}`);
  }
}
