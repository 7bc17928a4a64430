import { Decimal } from '../../../protocol/decimal.js';
import type { ProtobufValue } from '../../../protocol/protobuf/codec.js';
import {
  DATE_MESSAGE,
  DECIMAL_MESSAGE,
  dateOfDays,
  mapEntryOf,
  TIME_MESSAGE,
  TIMESTAMP_MESSAGE,
  timeOfMs,
  timestampOfMs,
  wrappedField,
} from '../../../protocol/protobuf/known-messages.js';
import type { ProtobufField, ProtobufMessage, ProtobufType } from '../../../protocol/protobuf/schema.js';
import { dataFailure } from '../data/failure.js';
import { ofType, type Schema, type Value } from '../data/schema.js';
import { isUnion, type ProtobufSettings, protobufName } from './protobuf-form.js';

type Write = (value: Value) => ProtobufValue;
type WriteStruct = (values: readonly Value[]) => ProtobufValue[];

/** Structs of the schema as the message's values: fields by name, the members of a oneof from its struct. */
export function structWriter(schema: Schema, message: ProtobufMessage, settings: ProtobufSettings): WriteStruct {
  const sources = sourcesOf(schema, settings);
  const known = new Set(message.fields.map(({ name }) => name));
  for (const name of sources.keys())
    if (!known.has(name)) throw dataFailure(`Cannot find field with name ${name} in message ${message.fullName}`);
  const writes = message.fields.map((field): ((values: readonly Value[]) => ProtobufValue) => {
    const source = sources.get(field.name);
    if (source === undefined) return () => null;
    const write = fieldWriter(source.schema, field, settings);
    const { at, member } = source;
    if (member === undefined) return (values) => write(values[at] ?? null);
    const memberOf = ofType('struct', (union) => union.values[member] ?? null);
    return (values) => {
      const union = values[at] ?? null;
      return write(union === null ? null : memberOf(union));
    };
  });
  return (values) => writes.map((write) => write(values));
}

interface Source {
  readonly schema: Schema;
  /** The place of the field, and in a oneof's struct that of the member. */
  readonly at: number;
  readonly member?: number;
}

function sourcesOf(schema: Schema, settings: ProtobufSettings): ReadonlyMap<string, Source> {
  const sources = schema.fields.flatMap(({ name, index, schema: field }): Array<readonly [string, Source]> => {
    if (!isUnion(field)) return [[protobufName(name, settings), { schema: field, at: index }]];
    return field.fields.map((member) => [
      protobufName(member.name, settings),
      { schema: member.schema, at: index, member: member.index },
    ]);
  });
  return new Map(sources);
}

/** Null is not set, unless there is a default. */
function fieldWriter(schema: Schema, field: ProtobufField, settings: ProtobufSettings): Write {
  const write = shapeWriter(schema, field, settings);
  const fallback = schema.defaultValue ?? null;
  return (value) => {
    const given = value ?? fallback;
    return given === null ? null : write(given);
  };
}

function shapeWriter(schema: Schema, field: ProtobufField, settings: ProtobufSettings): Write {
  const { type, values, keys } = schema;
  if (type === 'array' && values !== undefined && field.shape === 'repeated') {
    const element = valueWriter(values, field.type, settings);
    return ofType(type, (list) =>
      list.map((each) => {
        if (each === null) throw dataFailure(`Protobuf has no null in the repeated field ${field.name}`);
        return element(each);
      }),
    );
  }
  if (type === 'map' && keys !== undefined && values !== undefined) {
    const entry = mapEntryOf(field);
    if (entry !== undefined) {
      const [key, value] = [fieldWriter(keys, entry.key, settings), fieldWriter(values, entry.value, settings)];
      return ofType(type, (map) => [...map].map(([k, v]) => [key(k), value(v)]));
    }
    if (field.shape === 'map') {
      const key = valueWriter(keys, { kind: 'scalar', name: field.keyType ?? 'string' }, settings);
      const value = valueWriter(values, field.type, settings);
      return ofType(type, (map) => new Map([...map].map(([k, v]) => [key(k), v === null ? null : value(v)] as const)));
    }
  }
  if (field.shape !== 'single' || type === 'array' || type === 'map') throw unwritable(schema, field.name);
  return valueWriter(schema, field.type, settings);
}

function valueWriter(schema: Schema, to: ProtobufType, settings: ProtobufSettings): Write {
  if (to.kind === 'message') return messageWriter(schema, to.message, settings);
  if (to.kind === 'enum')
    return (value) => {
      if (!to.numbers.has(String(value))) throw dataFailure(`the enum has no symbol ${String(value)}`);
      return String(value);
    };
  if (schema.type === 'struct') throw unwritable(schema, to.name);
  if (/64$/.test(to.name)) return (value) => BigInt(value as number | bigint);
  return (value) => value as ProtobufValue;
}

function messageWriter(schema: Schema, message: ProtobufMessage, settings: ProtobufSettings): Write {
  switch (message.fullName) {
    case TIMESTAMP_MESSAGE:
      return (value) => timestampOfMs(Number(value));
    case DATE_MESSAGE:
      return (value) => dateOfDays(Number(value));
    case TIME_MESSAGE:
      return (value) => timeOfMs(Number(value));
    case DECIMAL_MESSAGE: {
      const scale = Number(schema.parameters?.scale ?? 0);
      return ofType('bytes', (value) => [value, Decimal.fromBytes(value, scale).precision, scale]);
    }
  }
  const wrapped = wrappedField(message);
  if (wrapped !== undefined && schema.type !== 'struct') {
    const write = valueWriter(schema, wrapped.type, settings);
    return (value) => [write(value)];
  }
  if (schema.type !== 'struct') throw unwritable(schema, message.fullName);
  const write = structWriter(schema, message, settings);
  return ofType(schema.type, (struct) => write(struct.values));
}

const unwritable = (schema: Schema, what: string) =>
  dataFailure(`${schema.type.toUpperCase()} can't be written as the Protobuf type of ${what}`);
