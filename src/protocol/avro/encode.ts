import { isJsonObject, type Json, JsonNumber } from '../json/parse.js';
import { AvroOutput } from './output.js';
import {
  type AvroEnum,
  type AvroField,
  type AvroFixed,
  type AvroPrimitive,
  type AvroRecord,
  type AvroSchema,
  type AvroUnion,
  SchemaNesting,
} from './schema.js';

/** A value that the schema does not accept, and where: `address.lines[2]`. */
export class AvroValueError extends TypeError {
  constructor(
    private readonly wanted: string,
    private readonly found: unknown,
    private readonly path: string = '',
  ) {
    super(`${path === '' ? 'the value' : path} must be ${wanted}, not ${shown(found)}`);
    this.name = 'AvroValueError';
  }

  within(step: string): AvroValueError {
    const joint = this.path === '' || this.path.startsWith('[') ? '' : '.';
    return new AvroValueError(this.wanted, this.found, `${step}${joint}${this.path}`);
  }
}

/** What a value is, with its text where that is short. */
function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 50)) : String(value);
}

/**
 * An encoder of plain JavaScript values: records and maps are objects, bytes and fixed are Uint8Array, a long is a
 * number or a bigint, a union takes the value of its first branch that accepts it. A field that is left out gets its
 * default. Throws AvroValueError.
 */
export function compilePlainEncoder(schema: AvroSchema): (value: unknown) => Buffer {
  const { write } = new Compiler().compile(schema);
  const output = new AvroOutput();
  return (value) => {
    output.reset();
    write(value, output);
    return output.finish();
  };
}

interface Part {
  /** What messages call it. */
  readonly name: string;
  accepts(value: unknown): boolean;
  write(value: unknown, output: AvroOutput): void;
}

class Compiler {
  private readonly records = new Map<AvroRecord, Part>();
  private readonly nesting = new SchemaNesting();

  compile(schema: AvroSchema): Part {
    return this.nesting.within(() => {
      switch (schema.type) {
        case 'record':
          return this.record(schema);
        case 'union':
          return this.union(schema);
        case 'array':
          return arrayOf(this.compile(schema.items));
        case 'map':
          return mapOf(this.compile(schema.values));
        case 'enum':
          return enumeration(schema);
        case 'fixed':
          return fixed(schema);
        default:
          return PRIMITIVES[schema.type];
      }
    });
  }

  private union({ branches }: AvroUnion): Part {
    const parts = branches.map((branch) => this.compile(branch));
    const name = parts.map((part) => part.name).join(' or ');
    const find = (value: unknown): number => {
      for (let index = 0; index < parts.length; index++) if (parts[index]?.accepts(value)) return index;
      return -1;
    };
    return {
      name,
      accepts: (value) => find(value) !== -1,
      write(value, output) {
        const index = find(value);
        const part = parts[index];
        if (part === undefined) throw new AvroValueError(name, value);
        output.long(index);
        part.write(value, output);
      },
    };
  }

  private record(schema: AvroRecord): Part {
    const known = this.records.get(schema);
    if (known !== undefined) return known;
    const fields: FieldPart[] = [];
    const part: Part = {
      name: schema.name,
      accepts: (value) => isObject(value) && fields.every((field) => field.part.accepts(field.of(value))),
      write(value, output) {
        if (!isObject(value)) throw new AvroValueError(`a record ${schema.name}`, value);
        let index = 0;
        try {
          for (const field of fields) {
            field.part.write(field.of(value), output);
            index++;
          }
        } catch (failure) {
          throw located(failure, fields[index]?.name ?? '');
        }
      },
    };
    this.records.set(schema, part);
    for (const field of schema.fields) fields.push(fieldPart(field, this.compile(field.schema)));
    return part;
  }
}

interface FieldPart {
  readonly name: string;
  readonly part: Part;
  /** The field's value in a record, or its default. */
  of(record: object): unknown;
}

function fieldPart(field: AvroField, part: Part): FieldPart {
  const { name } = field;
  const fallback = field.default === undefined ? undefined : plainDefault(field.schema, field.default);
  return {
    name,
    part,
    of(record) {
      const value = (record as Readonly<Record<string, unknown>>)[name];
      return value === undefined ? fallback : value;
    },
  };
}

const located = (failure: unknown, step: string): unknown =>
  failure instanceof AvroValueError ? failure.within(step) : failure;

function inside(step: string, write: () => void): void {
  try {
    write();
  } catch (failure) {
    throw located(failure, step);
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

function primitive<Value>(
  name: string,
  accepts: (value: unknown) => value is Value,
  write: (value: Value, output: AvroOutput) => void,
): Part {
  return {
    name,
    accepts,
    write(value, output) {
      if (!accepts(value)) throw new AvroValueError(name, value);
      write(value, output);
    },
  };
}

const isInt = (value: unknown): value is number => typeof value === 'number' && value === (value | 0);
const isLong = (value: unknown): value is number | bigint =>
  typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value);
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isText = (value: unknown): value is string => typeof value === 'string';
const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isNull = (value: unknown): value is null | undefined => value === null || value === undefined;

const PRIMITIVES: Readonly<Record<AvroPrimitive['type'], Part>> = {
  null: primitive('null', isNull, () => {}),
  boolean: primitive('a boolean', isBoolean, (value, output) => output.boolean(value)),
  int: primitive('an int', isInt, (value, output) => output.long(value)),
  long: primitive('a long', isLong, (value, output) => output.long(value)),
  float: primitive('a number', isNumber, (value, output) => output.float(value)),
  double: primitive('a number', isNumber, (value, output) => output.double(value)),
  string: primitive('text', isText, (value, output) => output.text(value)),
  bytes: primitive('bytes', isBytes, (value, output) => output.blob(value)),
};

function enumeration({ symbols }: AvroEnum): Part {
  const indexes = new Map(symbols.map((symbol, index) => [symbol, index]));
  const isSymbol = (value: unknown): value is string => isText(value) && indexes.has(value);
  return primitive(`one of ${symbols.join(', ')}`, isSymbol, (value, output) => output.long(indexes.get(value) ?? 0));
}

function fixed({ size }: AvroFixed): Part {
  const isFixed = (value: unknown): value is Uint8Array => isBytes(value) && value.length === size;
  return primitive(`${size} bytes`, isFixed, (value, output) => output.fixed(value));
}

function arrayOf(item: Part): Part {
  const isArray = (value: unknown): value is readonly unknown[] => Array.isArray(value);
  return {
    name: 'an array',
    accepts: (value) => isArray(value) && value.every((one) => item.accepts(one)),
    write(value, output) {
      if (!isArray(value)) throw new AvroValueError('an array', value);
      let index = 0;
      output.block(value, (one) => inside(`[${index++}]`, () => item.write(one, output)));
    },
  };
}

function mapOf(item: Part): Part {
  return {
    name: 'an object',
    accepts: (value) => isObject(value) && Object.values(value).every((one) => item.accepts(one)),
    write(value, output) {
      if (!isObject(value)) throw new AvroValueError('an object', value);
      output.block(Object.entries(value), ([key, one]) => {
        output.text(key);
        inside(key, () => item.write(one, output));
      });
    },
  };
}

/** A default's JSON as the plain value that it stands for. */
function plainDefault(schema: AvroSchema, json: Json): unknown {
  switch (schema.type) {
    case 'long':
      return json instanceof JsonNumber ? BigInt(json.text) : json;
    case 'float':
    case 'double':
      return Number(json);
    case 'bytes':
    case 'fixed':
      return Buffer.from(String(json), 'latin1');
    case 'array':
      return Array.isArray(json) ? json.map((one) => plainDefault(schema.items, one)) : json;
    case 'map':
      return plainObject(json, () => schema.values);
    case 'record': {
      const fields = new Map(schema.fields.map((field) => [field.name, field.schema]));
      return plainObject(json, (name) => fields.get(name));
    }
    case 'union': // Its branch is the first that takes the value.
      return json instanceof JsonNumber ? (json.isInteger ? BigInt(json.text) : Number(json.text)) : json;
    default:
      return json;
  }
}

function plainObject(json: Json, schemaOf: (name: string) => AvroSchema | undefined): unknown {
  if (!isJsonObject(json)) return json;
  return Object.fromEntries(
    Object.entries(json).flatMap(([name, value]) => {
      const schema = schemaOf(name);
      return schema === undefined ? [] : [[name, plainDefault(schema, value)]];
    }),
  );
}
