import { FRAME_BYTES, frameHead } from '../../protocol/confluent/framing.js';
import type { Format, SerdeOptions } from './format.js';
import { checkJson, jsonSerde } from './json.js';
import { jsonSchemaOf, sqlTypeOfJsonSchema } from './json-schema.js';
import {
  columnsOfType,
  register,
  registryOf,
  requireFramedId,
  schemaToInfer,
  unsupportedSchema,
} from './registered.js';

const registerJson = (options: SerdeOptions): Promise<number> =>
  register(options, 'JSON_SR', 'JSON', () => jsonSchemaOf(options.columns, options.wrapped));

export const JSON_SR: Format = {
  name: 'JSON_SR',
  meaning: 'JSON with Confluent’s framing; the JSON Schema of what is written is registered.',
  inference: true,
  wrapping: 'choice',
  check: checkJson,
  prepare: registerJson,

  async serde(options) {
    registryOf(options.registry, 'JSON_SR');
    const json = jsonSerde(options);
    let head: Buffer | undefined;
    return {
      async open() {
        head ??= frameHead(await registerJson(options));
      },
      decode(bytes) {
        requireFramedId(bytes);
        return json.decode(bytes.subarray(FRAME_BYTES));
      },
      encode(values) {
        if (head === undefined) throw new Error('the schema to write with has not been registered');
        const bytes = json.encode(values);
        return bytes === null ? null : Buffer.concat([head, bytes]);
      },
    };
  },

  async infer(registry, options) {
    const { topic, role, schemaId } = options;
    const found = await schemaToInfer(registry, topic, role, schemaId, 'JSON');
    if (found === undefined) return undefined;
    const type = sqlTypeOfJsonSchema(JSON.parse(found.schema), schemaId !== undefined);
    if (type === undefined) throw unsupportedSchema(topic, role, found.schema);
    return { columns: columnsOfType(type, options), schemaId: found.id };
  },
};
