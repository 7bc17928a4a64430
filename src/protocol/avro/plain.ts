import { AvroInput } from './input.js';
import { type AvroLeaf, isLeaf, type Read, readArray, readEntries, readLeaf, readUnion } from './read.js';
import { type AvroRecord, type AvroSchema, SchemaNesting } from './schema.js';

/** How values without parts are read: undefined for the usual way of `readLeaf`. */
export type LeafReader = (schema: AvroLeaf) => Read<unknown> | undefined;

/**
 * A decoder of whole values as plain JavaScript: records and maps are objects, a union gives its branch's value alone.
 * Throws where the bytes are not a value of the schema, or more than one.
 */
export function compilePlainDecoder(
  schema: AvroSchema,
  leafReader: LeafReader = () => undefined,
): (bytes: Buffer) => unknown {
  const read = new Compiler(leafReader).compile(schema);
  return (bytes) => {
    const input = new AvroInput(bytes);
    const value = read(input);
    input.end();
    return value;
  };
}

class Compiler {
  private readonly records = new Map<AvroRecord, Read<unknown>>();
  private readonly nesting = new SchemaNesting();

  constructor(private readonly leafReader: LeafReader) {}

  compile(schema: AvroSchema): Read<unknown> {
    if (isLeaf(schema)) return this.leafReader(schema) ?? readLeaf(schema);
    return this.nesting.within(() => {
      switch (schema.type) {
        case 'record':
          return this.record(schema);
        case 'union':
          return readUnion(schema.branches.map((branch) => this.compile(branch)));
        case 'array':
          return readArray(this.compile(schema.items));
        case 'map': {
          const entries = readEntries(this.compile(schema.values));
          return (input) => Object.fromEntries(entries(input));
        }
      }
    });
  }

  private record(schema: AvroRecord): Read<unknown> {
    const known = this.records.get(schema);
    if (known !== undefined) return known;
    const names = schema.fields.map(({ name }) => name);
    const fields: Array<Read<unknown>> = [];
    const read: Read<unknown> = (input) => {
      const start = input.enter();
      const object: Record<string, unknown> = {};
      for (let index = 0; index < fields.length; index++) {
        const name = names[index] ?? '';
        const value = fields[index]?.(input);
        if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true });
        else object[name] = value;
      }
      input.leave(start);
      return object;
    };
    this.records.set(schema, read);
    for (const field of schema.fields) fields.push(this.compile(field.schema));
    return read;
  }
}
