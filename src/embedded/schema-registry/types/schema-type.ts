/** A schema that another one refers to: its text, and the name by which it does. */
export interface ReferencedSchema {
  readonly name: string;
  readonly schema: string;
}

export interface SchemaSource {
  readonly schema: string;
  /** All that it refers to, directly or not; each after those that it refers to itself. */
  readonly referenced: readonly ReferencedSchema[];
}

/** Which of two schemas reads and which wrote, in the words of a message: old or new. */
export interface Sides {
  readonly reader: string;
  readonly writer: string;
}

interface SchemaForms {
  /** How it is stored and compared. */
  readonly canonical: string;
  /** Of a language that has several forms: the text that all forms of one schema have in common, where it has one. */
  readonly common?: () => string | undefined;
  /** What `format=serialized` asks for, where that is something else than its text. */
  readonly serialized?: () => string;
}

/** A language of schemas, by what it makes of a text. */
interface SchemaLanguage<Schema> {
  /** Throws an error whose message says what is wrong with the text. */
  parse(source: SchemaSource, normalize: boolean): SchemaForms & { readonly schema: Schema };
  /** Why the reader can't read what was written with the writer; empty where it can. */
  incompatibilities(reader: Schema, writer: Schema, sides: Sides): readonly string[];
}

/** A schema that was parsed, whatever its language. */
export interface Parsed extends SchemaForms {
  /** Why this schema can't read what was written with an earlier one of its language, and the other way round. */
  against(earlier: SchemaSource): { backward(): readonly string[]; forward(): readonly string[] };
}

export interface SchemaTypeRules {
  parse(source: SchemaSource, normalize: boolean): Parsed;
}

export function schemaType<Schema>({ parse, incompatibilities }: SchemaLanguage<Schema>): SchemaTypeRules {
  return {
    parse(source, normalize) {
      const { schema, ...forms } = parse(source, normalize);
      return {
        ...forms,
        against(earlier) {
          const before = parse(earlier, false).schema;
          return {
            backward: () => incompatibilities(schema, before, { reader: 'new', writer: 'old' }),
            forward: () => incompatibilities(before, schema, { reader: 'old', writer: 'new' }),
          };
        },
      };
    },
  };
}
