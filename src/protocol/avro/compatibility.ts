import {
  type AvroEnum,
  type AvroFixed,
  type AvroRecord,
  type AvroSchema,
  SchemaNesting,
  typeNameOf,
} from './schema.js';

type IncompatibilityType =
  | 'NAME_MISMATCH'
  | 'FIXED_SIZE_MISMATCH'
  | 'MISSING_ENUM_SYMBOLS'
  | 'READER_FIELD_MISSING_DEFAULT_VALUE'
  | 'TYPE_MISMATCH'
  | 'MISSING_UNION_BRANCH';

export interface Incompatibility {
  readonly type: IncompatibilityType;
  /** A path in the reader's schema, as Java's library gives it: `/fields/1/type`; `/` is the schema itself. */
  readonly path: string;
  /** The field, symbols, or types meant. */
  readonly message: string;
}

const TYPE_WORD = (schema: AvroSchema): string => schema.type.toUpperCase();

/** What the reader takes besides its own type (specification, "Schema Resolution"). */
const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  bytes: ['string'],
  string: ['bytes'],
};

/** Schemas that refer to each other would repeat their reasons endlessly; more than this helps no reader. */
const REASONS_MAX = 200;

/** Why data written with `writer` can't be read with `reader`; empty where it can. Each reason once, up to REASONS_MAX. */
export function avroIncompatibilities(reader: AvroSchema, writer: AvroSchema): readonly Incompatibility[] {
  return new Comparison().compare(reader, writer, []);
}

class Comparison {
  /** Pairs that were compared or are being compared: a schema that holds itself ends here. */
  private readonly known = new Map<AvroSchema, Map<AvroSchema, readonly Incompatibility[]>>();
  private readonly nesting = new SchemaNesting();

  compare(reader: AvroSchema, writer: AvroSchema, path: readonly string[]): readonly Incompatibility[] {
    const pairs = this.known.get(reader) ?? new Map<AvroSchema, readonly Incompatibility[]>();
    this.known.set(reader, pairs);
    const before = pairs.get(writer);
    if (before !== undefined) return before;
    pairs.set(writer, []);
    const reasons = this.nesting.within(() => this.calculate(reader, writer, path));
    const found = [...new Set(reasons)].slice(0, REASONS_MAX);
    pairs.set(writer, found);
    return found;
  }

  private calculate(reader: AvroSchema, writer: AvroSchema, path: readonly string[]): readonly Incompatibility[] {
    if (reader.type === 'union' && writer.type === 'union') {
      return writer.branches.flatMap((branch, index) => {
        if (this.compare(reader, branch, [...path, String(index)]).length === 0) return [];
        return [missingBranch(branch, [...path, String(index)])];
      });
    }
    if (writer.type === 'union') return writer.branches.flatMap((branch) => this.compare(reader, branch, path));
    if (reader.type === 'union') {
      const taken = reader.branches.some((branch) => this.compare(branch, writer, path).length === 0);
      return taken ? [] : [missingBranch(writer, path)];
    }
    if (reader.type === 'array' && writer.type === 'array') {
      return this.compare(reader.items, writer.items, [...path, 'items']);
    }
    if (reader.type === 'map' && writer.type === 'map') {
      return this.compare(reader.values, writer.values, [...path, 'values']);
    }
    if (reader.type === 'record' && writer.type === 'record') {
      return [...compareNames(reader, writer, path), ...this.compareFields(reader, writer, path)];
    }
    if (reader.type === 'enum' && writer.type === 'enum') {
      return [...compareNames(reader, writer, path), ...compareSymbols(reader, writer, path)];
    }
    if (reader.type === 'fixed' && writer.type === 'fixed') {
      return [...compareNames(reader, writer, path), ...compareSizes(reader, writer, path)];
    }
    if (reader.type === writer.type || PROMOTIONS[reader.type]?.includes(writer.type)) return [];
    const message = `reader type: ${TYPE_WORD(reader)} not compatible with writer type: ${TYPE_WORD(writer)}`;
    return [{ type: 'TYPE_MISMATCH', path: text(path), message }];
  }

  private compareFields(reader: AvroRecord, writer: AvroRecord, path: readonly string[]): readonly Incompatibility[] {
    return reader.fields.flatMap((field, index) => {
      const here = [...path, 'fields', String(index)];
      const written = writer.fields.find(({ name }) => name === field.name || field.aliases.includes(name));
      if (written !== undefined) return this.compare(field.schema, written.schema, [...here, 'type']);
      if ('default' in field || (field.schema.type === 'enum' && field.schema.default !== undefined)) return [];
      return [{ type: 'READER_FIELD_MISSING_DEFAULT_VALUE', path: text(here), message: field.name }];
    });
  }
}

type Named = AvroRecord | AvroEnum | AvroFixed;

const text = (path: readonly string[]): string => `/${path.join('/')}`;

const missingBranch = (writer: AvroSchema, path: readonly string[]): Incompatibility => ({
  type: 'MISSING_UNION_BRANCH',
  path: text(path),
  message: `reader union lacking writer type: ${TYPE_WORD(writer)}`,
});

const shortName = (schema: Named): string => schema.name.slice(schema.name.lastIndexOf('.') + 1);

/** Names agree without their namespaces, or by an alias of the reader. */
function compareNames(reader: Named, writer: Named, path: readonly string[]): readonly Incompatibility[] {
  const space = reader.name.slice(0, Math.max(0, reader.name.lastIndexOf('.') + 1));
  const aliased = reader.aliases.some((alias) => alias === writer.name || space + alias === writer.name);
  if (shortName(reader) === shortName(writer) || aliased) return [];
  return [{ type: 'NAME_MISMATCH', path: text([...path, 'name']), message: `expected: ${typeNameOf(writer)}` }];
}

function compareSymbols(reader: AvroEnum, writer: AvroEnum, path: readonly string[]): readonly Incompatibility[] {
  const missing = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol)).sort();
  if (missing.length === 0 || reader.default !== undefined) return [];
  return [{ type: 'MISSING_ENUM_SYMBOLS', path: text([...path, 'symbols']), message: `[${missing.join(', ')}]` }];
}

function compareSizes(reader: AvroFixed, writer: AvroFixed, path: readonly string[]): readonly Incompatibility[] {
  if (reader.size === writer.size) return [];
  const message = `expected: ${writer.size}, found: ${reader.size}`;
  return [{ type: 'FIXED_SIZE_MISMATCH', path: text([...path, 'size']), message }];
}
