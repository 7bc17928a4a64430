import { type AvroDecoder, compileAvroDecoder } from '../../protocol/avro/decode.js';
import { unframeValue } from '../../protocol/confluent/framing.js';
import type { SchemaType } from '../../protocol/confluent/schema-type.js';
import { parsePlainJson } from '../../protocol/json/plain.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import type { RegisteredSchema, SchemaRegistryClient } from './client.js';
import { parseRegistered } from './registered-avro.js';

/** A record's key or value as it can be shown and compared. */
export interface DecodedValue {
  readonly kind: 'null' | 'avro' | 'json' | 'text' | 'binary';
  /** Avro and JSON: plain values; numbers that a double would round are bigint or text. Text: as it is. Binary: base64. */
  readonly value: unknown;
  readonly schemaId?: number;
  readonly schemaType?: SchemaType;
  /** The subject that carries the schema; that of the record's own topic where it is one of several. */
  readonly subject?: string;
  /** Why a framed value stays binary. */
  readonly problem?: string;
}

/** Which subject to prefer: `<topic>-value` or `<topic>-key`. */
export interface RecordPart {
  readonly topic: string;
  readonly part: 'key' | 'value';
}

interface KnownSchema {
  readonly schema: RegisteredSchema;
  readonly subjects: readonly string[];
  readonly decode: AvroDecoder | undefined;
  readonly problem: string | undefined;
}

/** How long an id counts as unknown: a registry that lags behind the topic may still learn it. */
const UNKNOWN_ID_MS = 5_000;

/**
 * Decodes Confluent-framed Avro (and JSON) with a registry's schemas, and detects plain JSON, text and bytes.
 * Schemas are asked once an id; with them at hand `decode` answers at once, without a promise.
 */
export class ValueDecoder {
  private readonly known = new Map<number, KnownSchema>();
  private readonly asking = new Map<number, Promise<KnownSchema | undefined>>();
  private readonly unknownUntilMs = new Map<number, number>();

  /** Without a registry framed values stay binary. */
  constructor(private readonly registry: SchemaRegistryClient | undefined) {}

  decode(bytes: Buffer | null, part?: RecordPart): DecodedValue | Promise<DecodedValue> {
    if (bytes === null) return { kind: 'null', value: null };
    const framed = unframeValue(bytes);
    if (framed === undefined || this.registry === undefined) return detect(bytes);
    const known = this.known.get(framed.schemaId);
    if (known !== undefined) return decodeFramed(bytes, framed.payload, known, part);
    if ((this.unknownUntilMs.get(framed.schemaId) ?? 0) > performance.now())
      return unknownSchema(bytes, framed.schemaId);
    return this.ask(framed.schemaId, this.registry).then(
      (found) =>
        found === undefined ? unknownSchema(bytes, framed.schemaId) : decodeFramed(bytes, framed.payload, found, part),
      (failure) => ({ ...detect(bytes), schemaId: framed.schemaId, problem: messageOf(failure) }),
    );
  }

  private ask(id: number, registry: SchemaRegistryClient): Promise<KnownSchema | undefined> {
    const asked = this.asking.get(id) ?? this.fetch(id, registry).finally(() => this.asking.delete(id));
    this.asking.set(id, asked);
    return asked;
  }

  private async fetch(id: number, registry: SchemaRegistryClient): Promise<KnownSchema | undefined> {
    const schema = await registry.schemaById(id);
    if (schema === undefined) {
      this.unknownUntilMs.set(id, performance.now() + UNKNOWN_ID_MS);
      return undefined;
    }
    const subjects = await registry.subjectsOf(id);
    const known: KnownSchema = { schema, subjects, ...(await compile(schema, registry)) };
    this.known.set(id, known);
    return known;
  }
}

async function compile(
  schema: RegisteredSchema,
  registry: SchemaRegistryClient,
): Promise<Pick<KnownSchema, 'decode' | 'problem'>> {
  if (schema.schemaType !== 'AVRO') {
    const problem = schema.schemaType === 'JSON' ? undefined : `values of type ${schema.schemaType} are not decoded`;
    return { decode: undefined, problem };
  }
  try {
    return { decode: compileAvroDecoder(await parseRegistered(schema, registry)), problem: undefined };
  } catch (failure) {
    if (failure instanceof EvpipeError && failure.kind === 'unreachable') throw failure;
    return { decode: undefined, problem: `schema ${schema.id}: ${messageOf(failure)}` };
  }
}

function decodeFramed(bytes: Buffer, payload: Buffer, known: KnownSchema, part: RecordPart | undefined): DecodedValue {
  const { id: schemaId, schemaType } = known.schema;
  const own = part === undefined ? undefined : `${part.topic}-${part.part}`;
  const subject = known.subjects.find((each) => each === own) ?? known.subjects[0];
  const about = { schemaId, schemaType, ...(subject === undefined ? {} : { subject }) };
  const stays = (problem: string): DecodedValue => ({
    kind: 'binary',
    value: bytes.toString('base64'),
    ...about,
    problem,
  });
  try {
    if (known.decode !== undefined) return { kind: 'avro', value: known.decode(payload), ...about };
    if (known.problem !== undefined) return stays(known.problem);
    return { kind: 'json', value: parsePlainJson(payload.toString('utf8')), ...about };
  } catch (failure) {
    return stays(`is not a value of schema ${schemaId}: ${messageOf(failure)}`);
  }
}

/** Five bytes that happen to look like a frame are ordinary in binary data; so this is said, not more. */
const unknownSchema = (bytes: Buffer, schemaId: number): DecodedValue => ({
  ...detect(bytes),
  schemaId,
  problem: `the schema registry does not know schema ${schemaId}`,
});

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
// biome-ignore lint/suspicious/noControlCharactersInRegex: what is not printable is what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** JSON, text or bytes, by looking at them. */
export function detect(bytes: Buffer): DecodedValue {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { kind: 'binary', value: bytes.toString('base64') };
  }
  if (UNPRINTABLE.test(text)) return { kind: 'binary', value: bytes.toString('base64') };
  if (/^\s*[[{"\d\-tfn]/.test(text)) {
    try {
      return { kind: 'json', value: parsePlainJson(text) };
    } catch {
      return { kind: 'text', value: text };
    }
  }
  return { kind: 'text', value: text };
}
