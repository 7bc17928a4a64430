import { Options } from '../../../../../src/embedded/connect/config/options.js';
import { jsonConverter } from '../../../../../src/embedded/connect/converters/json.js';
import { ConnectFailure, classOf } from '../../../../../src/embedded/connect/data/failure.js';
import type { Schema, Value } from '../../../../../src/embedded/connect/data/schema.js';
import { TRANSFORMS } from '../../../../../src/embedded/connect/transforms/table.js';
import { type Json, parseJson } from '../../../../../src/protocol/json/parse.js';
import { stringifyJson } from '../../../../../src/protocol/json/stringify.js';
import type { TransformCase } from './records.js';

/** What becomes of a record: the record, nothing, or a failure by its class. */
export type CaseAnswer =
  | { readonly dropped: true }
  | { readonly failure: string; readonly message: string | null }
  | {
      readonly topic: string;
      readonly partition: number | null;
      readonly timestamp: number | null;
      readonly key: Json;
      readonly value: Json;
      readonly headers: readonly Json[];
    };

const converter = jsonConverter.create(
  new Options(jsonConverter.options, { 'replace.null.with.default': 'false' }),
  false,
);

/** Runs one of our transforms over a case. */
export async function runCase({ type, options, ...given }: TransformCase): Promise<CaseAnswer> {
  const plugin = TRANSFORMS.find((one) => one.className === type);
  if (plugin === undefined) throw new Error(`no transform ${type}`);
  try {
    const transform = plugin.create(new Options(plugin.options, options), { warn: () => {} });
    const [key, value] = [await read(given.key), await read(given.value)];
    const headers = await Promise.all(given.headers.map(async ([name, one]) => ({ name, ...(await read(one)) })));
    const record = transform({
      topic: given.topic,
      partition: undefined,
      keySchema: key.schema,
      key: key.value,
      valueSchema: value.schema,
      value: value.value,
      timestampMs: given.timestamp ?? undefined,
      headers,
    });
    if (record === undefined) return { dropped: true };
    return {
      topic: record.topic,
      partition: record.partition ?? null,
      timestamp: record.timestampMs ?? null,
      key: await written(record.keySchema, record.key),
      value: await written(record.valueSchema, record.value),
      headers: await Promise.all(record.headers.map(async (one) => [one.name, await written(one.schema, one.value)])),
    };
  } catch (failure) {
    if (!(failure instanceof ConnectFailure)) throw failure;
    return { failure: classOf(failure), message: failure.message };
  }
}

const read = async (json: Json) => converter.toConnect('t', json === null ? null : Buffer.from(stringifyJson(json)));

async function written(schema: Schema | undefined, value: Value): Promise<Json> {
  const bytes = await converter.fromConnect('t', schema, value);
  return bytes === null ? null : parseJson(bytes.toString('utf8'));
}
