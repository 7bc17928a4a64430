import type { Json } from '../json/parse.js';
import { compareArrays } from './compare-arrays.js';
import { compareObjects } from './compare-objects.js';
import { type Comparing, compareBounds, numberIn, type Path } from './keywords.js';
import { type JsonSchema, JsonSchemaError } from './schema.js';

/** In Confluent's terms: which rule is broken, and where, as in `#/properties/id`. */
export interface JsonIncompatibility {
  readonly type: string;
  readonly path: string;
}

/** Nobody reads more. */
const REASONS_MAX = 200;
/** Unions of unions are compared part by part: schemas that need more comparisons are not compared at all. */
const COMPARISONS_MAX = 1_000_000;
const DEPTH_MAX = 400;

/** Why a value of `writer` may not be one of `reader`, by the rules of Confluent's registry; empty where it always is. */
export function jsonSchemaIncompatibilities(reader: JsonSchema, writer: JsonSchema): readonly JsonIncompatibility[] {
  const comparison = new Comparison();
  comparison.compare(reader, writer, []);
  return comparison.reasons;
}

class Comparison implements Comparing {
  reasons: JsonIncompatibility[] = [];
  private readonly known = new Map<JsonSchema, Map<JsonSchema, boolean>>();
  /** The pairs that are being compared, by depth; a schema that holds itself is taken for compatible within itself. */
  private readonly open = new Map<JsonSchema, Map<JsonSchema, number>>();
  private depth = 0;
  private lowestAssumed = Number.POSITIVE_INFINITY;
  private count = 0;

  add(type: string, path: Path): void {
    if (this.reasons.length < REASONS_MAX) this.reasons.push({ type, path: `#/${path.join('/')}` });
  }

  isCompatible(reader: JsonSchema, writer: JsonSchema): boolean {
    const known = this.known.get(writer)?.get(reader);
    if (known !== undefined) return known;
    const outer = this.reasons;
    this.reasons = [];
    this.compare(reader, writer, []);
    const compatible = this.reasons.length === 0;
    this.reasons = outer;
    return compatible;
  }

  compare(reader: JsonSchema, writer: JsonSchema, path: Path): void {
    if (this.known.get(writer)?.get(reader) === true || this.reasons.length >= REASONS_MAX) return;
    const opened = this.open.get(writer)?.get(reader);
    if (opened !== undefined) {
      this.lowestAssumed = Math.min(this.lowestAssumed, opened);
      return;
    }
    this.count += 1;
    if (this.count > COMPARISONS_MAX || this.depth >= DEPTH_MAX) {
      throw new JsonSchemaError('the schema is too complex to be compared with another one');
    }
    const before = this.reasons.length;
    this.depth += 1;
    put(this.open, writer, reader, this.depth);
    this.compareOpened(reader, writer, path);
    this.open.get(writer)?.delete(reader);
    const isFinal = this.lowestAssumed >= this.depth;
    if (isFinal) this.lowestAssumed = Number.POSITIVE_INFINITY;
    this.depth -= 1;
    const compatible = this.reasons.length === before;
    if (isFinal || !compatible) put(this.known, writer, reader, compatible);
  }

  private compareOpened(reader: JsonSchema, writer: JsonSchema, path: Path): void {
    if (this.isOneOfTheParts(reader, writer)) return;
    if (reader.kind !== writer.kind) {
      if (writer.kind !== 'none' && reader.kind !== 'any') this.add('TYPE_CHANGED', path);
      return;
    }
    RULES[reader.kind]?.(this, reader, writer, path);
  }

  /** A union takes what one of its parts does; what fulfils all of several schemas fulfils one of them. */
  private isOneOfTheParts(reader: JsonSchema, writer: JsonSchema): boolean {
    if (reader.kind === 'combined' && writer.kind !== 'combined') {
      if (reader.parts.length !== 1 && reader.criterion === 'allOf') return false;
      return reader.parts.some((part) => this.isCompatible(part, writer));
    }
    if (writer.kind === 'combined' && reader.kind !== 'combined') {
      if (writer.parts.length !== 1 && writer.criterion !== 'allOf') return false;
      return writer.parts.some((part) => this.isCompatible(reader, part));
    }
    return false;
  }
}

type Rule = (comparison: Comparing, reader: JsonSchema, writer: JsonSchema, path: Path) => void;

const RULES: { readonly [Kind in JsonSchema['kind']]?: Rule } = {
  string(comparison, reader, writer, path) {
    compareBounds(comparison, reader, writer, path, [
      ['maxLength', 'MAX_LENGTH', 'upper'],
      ['minLength', 'MIN_LENGTH', 'lower'],
    ]);
    const [now, old] = [reader.keywords.pattern, writer.keywords.pattern];
    if (now === undefined || now === old) return;
    comparison.add(old === undefined ? 'PATTERN_ADDED' : 'PATTERN_CHANGED', [...path, 'pattern']);
  },

  number(comparison, reader, writer, path) {
    compareBounds(comparison, reader, writer, path, [
      ['maximum', 'MAXIMUM', 'upper'],
      ['minimum', 'MINIMUM', 'lower'],
      ['exclusiveMaximum', 'EXCLUSIVE_MAXIMUM', 'upper'],
      ['exclusiveMinimum', 'EXCLUSIVE_MINIMUM', 'lower'],
    ]);
    compareMultiples(comparison, numberIn(reader, 'multipleOf'), numberIn(writer, 'multipleOf'), [
      ...path,
      'multipleOf',
    ]);
    if (reader.keywords.type === 'integer' && writer.keywords.type !== 'integer') comparison.add('TYPE_NARROWED', path);
  },

  enum(comparison, reader, writer, path) {
    const [now, old] = [textsOf(reader.keywords.enum), textsOf(writer.keywords.enum)];
    if ([...old].every((value) => now.has(value))) return;
    const isNarrowed = [...now].every((value) => old.has(value));
    comparison.add(isNarrowed ? 'ENUM_ARRAY_NARROWED' : 'ENUM_ARRAY_CHANGED', [...path, 'enum']);
  },

  const(comparison, reader, writer, path) {
    if (JSON.stringify(reader.keywords.const) === JSON.stringify(writer.keywords.const)) return;
    comparison.add('ENUM_ARRAY_CHANGED', [...path, 'const']);
  },

  not(comparison, reader, writer, path) {
    const [now, old] = [reader.below(reader.keywords.not), writer.below(writer.keywords.not)];
    if (now === undefined || old === undefined || comparison.isCompatible(old, now)) return;
    comparison.add('NOT_TYPE_EXTENDED', [...path, 'not']);
  },

  combined: compareCombined,
  object: compareObjects,
  array: compareArrays,
};

function compareMultiples(comparison: Comparing, now: number | undefined, old: number | undefined, path: Path): void {
  if (now === undefined || now === old) return;
  if (old === undefined) comparison.add('MULTIPLE_OF_ADDED', path);
  else if (Number.isInteger(now / old)) comparison.add('MULTIPLE_OF_EXPANDED', path);
  else if (!Number.isInteger(old / now)) comparison.add('MULTIPLE_OF_CHANGED', path);
}

function compareCombined(comparison: Comparing, reader: JsonSchema, writer: JsonSchema, path: Path): void {
  const [now, old] = [reader.parts, writer.parts];
  if (reader.criterion !== writer.criterion && reader.criterion !== 'anyOf') {
    const isExtended = old.length === 1 && (reader.criterion === 'oneOf' || now.length === 1);
    if (!isExtended) {
      comparison.add('COMBINED_TYPE_CHANGED', path);
      return;
    }
  }
  if (now.length > old.length && reader.criterion === 'allOf') comparison.add('PRODUCT_TYPE_EXTENDED', path);
  if (now.length < old.length && reader.criterion !== 'allOf') comparison.add('SUM_TYPE_NARROWED', path);
  if (matched(now, old, comparison) < Math.min(now.length, old.length)) {
    comparison.add('COMBINED_TYPE_SUBSCHEMAS_CHANGED', path);
  }
}

/** How many parts find one of their own on the other side (Kuhn's augmenting paths). */
function matched(now: readonly JsonSchema[], old: readonly JsonSchema[], comparison: Comparing): number {
  const partnerOf = new Map<JsonSchema, JsonSchema>();
  const finds = (part: JsonSchema, tried: Set<JsonSchema>): boolean =>
    now.some((candidate) => {
      if (tried.has(candidate) || !comparison.isCompatible(candidate, part)) return false;
      tried.add(candidate);
      const partner = partnerOf.get(candidate);
      if (partner !== undefined && !finds(partner, tried)) return false;
      partnerOf.set(candidate, part);
      return true;
    });
  return old.filter((part) => finds(part, new Set())).length;
}

const textsOf = (values: Json | undefined): ReadonlySet<string> =>
  new Set(Array.isArray(values) ? values.map((value) => JSON.stringify(value)) : []);

function put<T>(pairs: Map<JsonSchema, Map<JsonSchema, T>>, writer: JsonSchema, reader: JsonSchema, value: T): void {
  const ofWriter = pairs.get(writer) ?? new Map<JsonSchema, T>();
  pairs.set(writer, ofWriter);
  ofWriter.set(reader, value);
}
