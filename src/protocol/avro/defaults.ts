import { javaDouble } from '../java-number.js';
import { isJsonObject, type Json, JsonNumber, type JsonObject } from '../json/parse.js';
import type { AvroField, AvroSchema } from './schema.js';

/** A default that takes more comparisons, by nested unions of similar records, is refused. */
const STEPS_MAX = 100_000;

/** Whether JSON is a default of a schema, by the rules of Avro 1.12 in Java. */
class DefaultCheck {
  private steps = 0;

  accepts(schema: AvroSchema, value: Json): boolean {
    if (++this.steps > STEPS_MAX) return false;
    switch (schema.type) {
      case 'null':
        return value === null;
      case 'boolean':
        return typeof value === 'boolean';
      case 'int':
        return isWhole(value, 32);
      case 'long':
        return isWhole(value, 64);
      case 'float':
      case 'double':
        return typeof value === 'number' || value instanceof JsonNumber;
      case 'bytes':
      case 'fixed':
      case 'string':
      case 'enum':
        return typeof value === 'string';
      case 'array':
        return Array.isArray(value) && value.every((item) => this.accepts(schema.items, item));
      case 'map':
        return isJsonObject(value) && Object.values(value).every((item) => this.accepts(schema.values, item));
      case 'union': // The specification wants the first branch; Java takes any.
        return schema.branches.some((branch) => this.accepts(branch, value));
      case 'record':
        return isJsonObject(value) && schema.fields.every((field) => this.acceptsMember(field, value));
    }
  }

  /** A member that is left out has its own field's default. */
  private acceptsMember(field: AvroField, record: JsonObject): boolean {
    if (!Object.hasOwn(record, field.name)) return field.default !== undefined;
    return this.accepts(field.schema, record[field.name] ?? null);
  }
}

const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

/** The default of a double or float field may be text: it stands for its number. Undefined where it is not one. */
function numberOfText(text: string): Json | undefined {
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return text; // JSON has no number for these
  return NUMBER.test(text) ? new JsonNumber(javaDouble(Number(text))) : undefined;
}

/** The default that a field of the schema gets from its JSON, read with fidelity `text`; undefined where it is invalid. */
export function defaultOfField(schema: AvroSchema, json: Json): Json | undefined {
  const isFloating = schema.type === 'double' || schema.type === 'float';
  if (isFloating && typeof json === 'string') return numberOfText(json);
  return new DefaultCheck().accepts(schema, json) ? json : undefined;
}

/** 3e3 and 1.0 are not integers in Java's parser, whatever their value. */
function isWhole(value: Json, bits: 32 | 64): boolean {
  const isInteger = value instanceof JsonNumber ? value.isInteger : Number.isInteger(value);
  if (!isInteger) return false;
  // A large number's own text, 1e+300, is not one that BigInt reads.
  const integer = BigInt(value instanceof JsonNumber ? value.text : (value as number));
  return BigInt.asIntN(bits, integer) === integer;
}
