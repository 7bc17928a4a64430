import { jsonWriter } from '../../../ksql/formats/json-writer.js';
import { serdeOptions } from '../../../ksql/formats/register-schema.js';
import type { RegisteredSchema } from '../../../ksql/formats/registry.js';
import { formatNamed } from '../../../ksql/formats/table.js';
import type { Source } from '../../../ksql/metadata/source.js';
import { compileAvroDecoder } from '../../../protocol/avro/decode.js';
import { parseAvroSchema } from '../../../protocol/avro/parse-schema.js';
import { unframeValue } from '../../../protocol/confluent/framing.js';
import { stringifyJson } from '../../../protocol/json/stringify.js';
import type { Engine } from '../engine.js';
import { readWindow, windowBytes } from '../runtime/record-codec.js';

/** Of what is not text. */
const SHOWN_BYTES_MAX = 64;
type Role = 'key' | 'value';

/**
 * Prints keys and values of a topic: Avro, Protobuf and JSON Schema by the schema in the registry, keys as the stream or table
 * over the topic declares them, everything else as text, or as its first bytes in hexadecimal where it is not text.
 */
export function recordPrinter(engine: Engine, topic: string): (bytes: Buffer | null, role: Role) => Promise<string> {
  const source = [...engine.metastore.sources.values()].find((each) => each.topic === topic);
  const printers = new Map<number, (payload: Buffer) => string>();
  const registered = async (bytes: Buffer): Promise<string | undefined> => {
    const { registry } = engine.parts;
    const framed = unframeValue(bytes);
    if (registry === undefined || framed === undefined) return undefined;
    try {
      let print = printers.get(framed.schemaId);
      if (print === undefined) {
        print = await payloadPrinter(await registry.schemaById(framed.schemaId));
        printers.set(framed.schemaId, print);
      }
      return print(framed.payload);
    } catch {
      return undefined; // Not framed after all.
    }
  };
  return async (bytes, role) => {
    if (bytes === null) return '<null>';
    if (role === 'key' && source !== undefined) {
      const key = await declaredKey(bytes, source, engine);
      if (key !== undefined) return key;
    }
    return (await registered(bytes)) ?? plain(bytes);
  };
}

/** The protobuf library takes some 40 ms to load: only what meets the format loads it. */
async function payloadPrinter(registered: RegisteredSchema): Promise<(payload: Buffer) => string> {
  const { schema, type, references } = registered;
  if (type === 'JSON') return (payload) => payload.toString('utf8');
  if (type === 'PROTOBUF')
    return (await import('../../../ksql/formats/protobuf-serde.js')).messagePrinter(schema, references);
  const decode = compileAvroDecoder(parseAvroSchema(schema));
  return (payload) => stringifyJson(decode(payload));
}

/** `[key@start/end]` of a windowed key; undefined where the bytes are not what the source declares. */
async function declaredKey(bytes: Buffer, source: Source, { parts }: Engine): Promise<string | undefined> {
  const [only] = source.schema.key;
  if (only === undefined) return undefined;
  try {
    const { window } = source;
    const own = window === undefined ? bytes : bytes.subarray(0, bytes.length - windowBytes(window));
    const options = serdeOptions(source.key, 'key', source.schema, source.topic, parts.registry);
    const serde = await formatNamed(source.key.format).serde(options);
    await serde.unready?.(own);
    const values = serde.decode(own);
    if (values === null) return undefined;
    const single = source.schema.key.length === 1;
    const text = single
      ? jsonWriter(only.type)(values[0] ?? null).replace(/^"(.*)"$/, '$1')
      : jsonWriter({ kind: 'STRUCT', fields: source.schema.key })(values);
    if (window === undefined) return text;
    const { startMs, endMs } = readWindow(bytes, window);
    return `[${text}@${startMs}/${endMs}]`;
  } catch {
    return undefined;
  }
}

function plain(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  const printable = [...text].every((char) => (char >= ' ' ? char !== '\uFFFD' : '\t\n\r'.includes(char)));
  return printable ? text : `0x${bytes.subarray(0, SHOWN_BYTES_MAX).toString('hex')}`;
}
