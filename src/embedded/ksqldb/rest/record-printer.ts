import { compilePlainDecoder } from '../../../protocol/avro/plain.js';
import { parseAvroSchema } from '../../../protocol/avro/schema.js';
import { stringifyJson } from '../../../protocol/json/stringify.js';
import type { Engine } from '../engine.js';
import { jsonWriter } from '../formats/json-writer.js';
import { formatNamed } from '../formats/table.js';
import type { Source } from '../metadata/source.js';
import { readWindow, serdeOptions, windowBytes } from '../runtime/record-codec.js';

/** Of what is not text. */
const SHOWN_BYTES_MAX = 64;
/** Confluent's framing: zero, then the schema's id in four bytes. */
const FRAME_BYTES = 5;

type Role = 'key' | 'value';

/**
 * Prints keys and values of a topic: Avro by its schema in the registry, keys as the stream or table over the topic
 * declares them, everything else as text, or as its first bytes in hexadecimal where it is not text.
 */
export function recordPrinter(engine: Engine, topic: string): (bytes: Buffer | null, role: Role) => Promise<string> {
  const source = [...engine.metastore.sources.values()].find((each) => each.topic === topic);
  const decoders = new Map<number, (bytes: Buffer) => unknown>();
  const avro = async (bytes: Buffer): Promise<string | undefined> => {
    const { registry } = engine.parts;
    if (registry === undefined || bytes.length <= FRAME_BYTES || bytes[0] !== 0) return undefined;
    const id = bytes.readUInt32BE(1);
    try {
      let decode = decoders.get(id);
      if (decode === undefined) {
        decode = compilePlainDecoder(parseAvroSchema((await registry.schemaById(id)).schema));
        decoders.set(id, decode);
      }
      return stringifyJson(decode(bytes.subarray(FRAME_BYTES)));
    } catch {
      return undefined; // Not framed Avro after all.
    }
  };
  return async (bytes, role) => {
    if (bytes === null) return '<null>';
    if (role === 'key' && source !== undefined) {
      const key = await declaredKey(bytes, source, engine);
      if (key !== undefined) return key;
    }
    return (await avro(bytes)) ?? plain(bytes);
  };
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
