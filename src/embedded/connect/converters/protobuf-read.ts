import { Decimal } from '../../../protocol/decimal.js';
import { ofForm, type ProtobufValue } from '../../../protocol/protobuf/codec.js';
import {
  DATE_MESSAGE,
  DECIMAL_MESSAGE,
  daysOfDate,
  mapEntryOf,
  msOfTime,
  msOfTimestamp,
  TIME_MESSAGE,
  TIMESTAMP_MESSAGE,
  wrappedField,
} from '../../../protocol/protobuf/known-messages.js';
import type { ProtobufField, ProtobufMessage, ProtobufType, ScalarName } from '../../../protocol/protobuf/schema.js';
import { dataFailure } from '../data/failure.js';
import { DECIMAL } from '../data/java-text.js';
import { type ConnectType, int64, ofType, Schema, type SchemaOptions, Struct, type Value } from '../data/schema.js';
import { PROTOBUF_ENUM, PROTOBUF_TAG, PROTOBUF_UNION, type ProtobufSettings } from './protobuf-form.js';

/** A schema, and how values of it are read; null stays null. */
interface Part {
  readonly schema: Schema;
  readonly read: (value: ProtobufValue) => Value;
}

export interface StructReader {
  readonly schema: Schema;
  readonly read: (values: readonly ProtobufValue[]) => Struct;
}

/** What uses others twice, and those twice again, would be a schema of any size. */
const MESSAGES_MAX = 20_000;
const DATA = 'org.apache.kafka.connect.data';

/**
 * Messages in Connect's terms, for records written by anybody, as Confluent's converter has it. Not supported: messages
 * that contain themselves.
 */
export class ProtobufReader {
  private readonly open = new Set<ProtobufMessage>();
  private count = 0;

  constructor(private readonly settings: ProtobufSettings) {}

  /** Throws ConnectFailure where Connect has no such schema. The structs of oneofs come before the fields. */
  struct(message: ProtobufMessage, options: SchemaOptions = {}): StructReader {
    if (this.open.has(message))
      throw dataFailure(`message ${message.fullName} contains itself, which is not supported`);
    if (++this.count > MESSAGES_MAX) throw dataFailure(`the schema has more than ${MESSAGES_MAX} messages`);
    this.open.add(message);
    const oneofs = [...new Set(message.fields.flatMap(({ oneof }) => oneof ?? []))];
    const fields: Array<readonly [string, Schema]> = [];
    const reads: Array<(values: readonly ProtobufValue[]) => Value> = [];
    for (const [index, oneof] of oneofs.entries()) {
      const { schema, read } = this.union(message, oneof);
      fields.push([this.settings.indexedUnions ? `${oneof}_${index}` : oneof, schema]);
      reads.push(read);
    }
    for (const [at, field] of message.fields.entries()) {
      if (field.oneof !== undefined) continue;
      const { schema, read } = this.field(field);
      fields.push([field.name, schema]);
      reads.push((values) => read(values[at] ?? null));
    }
    this.open.delete(message);
    const name = this.settings.fullNames ? message.fullName : message.name;
    const schema = new Schema('struct', { ...options, name, fields });
    return {
      schema,
      read: (values) =>
        new Struct(
          schema,
          reads.map((read) => read(values)),
        ),
    };
  }

  private union(message: ProtobufMessage, oneof: string) {
    const members = message.fields.flatMap((field, at) => (field.oneof === oneof ? [{ field, at }] : []));
    const parts = members.map(({ field, at }) => ({ name: field.name, at, ...this.field(field) }));
    const fields = parts.map(({ name, schema }) => [name, schema] as const);
    const schema = new Schema('struct', { name: `${PROTOBUF_UNION}${oneof}`, optional: true, fields });
    const read = (values: readonly ProtobufValue[]): Value =>
      parts.every(({ at }) => (values[at] ?? null) === null)
        ? null
        : new Struct(
            schema,
            parts.map((part) => part.read(values[part.at] ?? null)),
          );
    return { schema, read };
  }

  private field(field: ProtobufField): Part {
    const { schema, read } = this.shape(field);
    const options = {
      optional: schema.optional || this.isOptional(field),
      parameters: { ...schema.parameters, [PROTOBUF_TAG]: String(field.number) },
    };
    // A struct's own schema is that of its place: what is read with it must carry the same.
    const placed = schema.with(options);
    if (schema.type !== 'struct') return { schema: placed, read: orNull(read) };
    const valuesOf = ofType(schema.type, (struct) => struct.values);
    return { schema: placed, read: orNull((value) => new Struct(placed, valuesOf(read(value)))) };
  }

  private isOptional(field: ProtobufField): boolean {
    const { wrappers, optionals } = this.settings;
    if (wrappers) return false;
    return optionals ? field.presence && field.oneof === undefined : true;
  }

  private shape(field: ProtobufField): Part {
    const entry = mapEntryOf(field);
    if (entry !== undefined) {
      const [key, value] = [this.field(entry.key), this.field(entry.value)];
      const pair = ofForm('message', ([k, v]) => [key.read(k ?? null), value.read(v ?? null)] as const);
      const name = mapName(field.type.kind === 'message' ? field.type.message.name.replace(/Entry$/, '') : field.name);
      return {
        schema: new Schema('map', { optional: true, name, keys: key.schema, values: value.schema }),
        read: ofForm('repeated', (entries) => new Map(entries.map((each) => pair(each)))),
      };
    }
    if (field.shape === 'map') return this.nativeMap(field);
    const value = this.value(field.type, field);
    if (field.shape === 'single') return value;
    return {
      schema: new Schema('array', { optional: true, values: value.schema.with({ optional: true }) }),
      read: ofForm('repeated', (values) => values.map(value.read)),
    };
  }

  /** Its entries are messages with the fields 1 and 2. */
  private nativeMap(field: ProtobufField): Part {
    const part = { ...field, shape: 'single', oneof: undefined, presence: false } as const;
    const key = this.field({ ...part, number: 1, type: { kind: 'scalar', name: field.keyType ?? 'string' } });
    const value = this.field({ ...part, number: 2, presence: field.type.kind === 'message' });
    return {
      schema: new Schema('map', {
        optional: true,
        name: mapName(field.name),
        keys: key.schema,
        values: value.schema,
      }),
      read: ofForm('map', (map) => new Map([...map].map(([k, v]) => [key.read(k), value.read(v)] as const))),
    };
  }

  private value(type: ProtobufType, field: ProtobufField): Part {
    if (type.kind === 'scalar') return scalar(type.name, field);
    if (type.kind === 'enum') {
      const numbers = [...type.numbers].map(([symbol, number]) => [`${PROTOBUF_ENUM}.${symbol}`, String(number)]);
      const parameters = { [PROTOBUF_ENUM]: type.name, ...Object.fromEntries(numbers) };
      return {
        schema: new Schema('string', { optional: true, name: type.name, parameters }),
        read: ofForm(type.kind, plain),
      };
    }
    return knownMessage(type.message, field) ?? this.message(type.message, field);
  }

  private message(message: ProtobufMessage, field: ProtobufField): Part {
    const wrapped = this.settings.wrappers ? wrappedField(message) : undefined;
    if (wrapped !== undefined) {
      const { schema, read } = this.value(wrapped.type, field);
      return {
        schema: schema.with({ optional: true }),
        read: ofForm('message', (values) => read(values[0] ?? null)),
      };
    }
    const { schema, read } = this.struct(message, { optional: true });
    return { schema, read: ofForm('message', read) };
  }
}

const orNull =
  (read: Part['read']): Part['read'] =>
  (value) =>
    value === null ? null : read(value);

const plain = <Form extends Value>(value: Form): Value => value;

/** The field that a map's entry is named after. */
const mapName = (name: string): string => name.replace(/(?!^)(?<!_)([A-Z])/g, '_$1').toLowerCase();

function knownMessage({ fullName }: ProtobufMessage, { parameters }: ProtobufField): Part | undefined {
  const logical = (type: ConnectType, name: string, read: (values: readonly ProtobufValue[]) => Value): Part => ({
    schema: new Schema(type, { optional: true, name: `${DATA}.${name}`, version: 1 }),
    read: ofForm('message', read),
  });
  switch (fullName) {
    case TIMESTAMP_MESSAGE:
      return logical('int64', 'Timestamp', msOfTimestamp);
    case DATE_MESSAGE:
      return logical('int32', 'Date', daysOfDate);
    case TIME_MESSAGE:
      return logical('int32', 'Time', msOfTime);
    case DECIMAL_MESSAGE:
      return decimal(parameters);
    default:
      return undefined;
  }
}

function decimal(given: ReadonlyMap<string, string>): Part {
  const scale = Number(given.get('scale') ?? 0);
  const precision = given.get('precision');
  const parameters = {
    scale: String(scale),
    ...(precision === undefined ? {} : { 'connect.decimal.precision': precision }),
  };
  return {
    schema: new Schema('bytes', { optional: true, name: DECIMAL, version: 1, parameters }),
    read: ofForm('message', ([bytes, , own]) => {
      const value = Decimal.fromBytes(Buffer.from(bytes instanceof Uint8Array ? bytes : []), Number(own ?? 0));
      const scaled = value.toScale(scale);
      if (scaled.compare(value) !== 0)
        throw dataFailure(`the decimal ${value.toString()} has more than the ${scale} decimals of its field`);
      return scaled.toBytes();
    }),
  };
}

function scalar(name: ScalarName, { parameters }: ProtobufField): Part {
  switch (name) {
    case 'int32':
    case 'sint32':
    case 'sfixed32': {
      const own = parameters.get('connect.type');
      return { schema: new Schema(own === 'int8' || own === 'int16' ? own : 'int32'), read: ofForm(name, plain) };
    }
    case 'float':
      return { schema: new Schema('float32'), read: ofForm(name, plain) };
    case 'double':
      return { schema: new Schema('float64'), read: ofForm(name, plain) };
    case 'bool':
      return { schema: new Schema('boolean'), read: ofForm(name, plain) };
    case 'string':
      return { schema: new Schema('string'), read: ofForm(name, plain) };
    case 'bytes':
      return { schema: new Schema('bytes'), read: ofForm(name, (value) => Buffer.from(value)) };
    default:
      return {
        schema: new Schema('int64'),
        read: ofForm(name, (value) => int64(BigInt.asIntN(64, BigInt(value)))),
      };
  }
}
