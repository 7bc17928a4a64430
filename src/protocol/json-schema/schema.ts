import { isJsonObject, type Json, type JsonObject } from '../json/parse.js';
import { checkAgainstDraft } from './draft.js';

export class JsonSchemaError extends Error {}

export type Criterion = 'oneOf' | 'anyOf' | 'allOf';
export type JsonSchemaKind =
  | 'any'
  | 'none'
  | 'string'
  | 'number'
  | 'boolean'
  | 'null'
  | 'object'
  | 'array'
  | 'enum'
  | 'const'
  | 'not'
  | 'combined';

/** A schema as one kind of thing; what says several things at once is `allOf` of them. References have been followed. */
export interface JsonSchema {
  readonly kind: JsonSchemaKind;
  /** The keywords beside it; empty for true, false and what is combined. */
  readonly keywords: JsonObject;
  readonly criterion: Criterion | undefined;
  /** Of what is combined. */
  readonly parts: readonly JsonSchema[];
  /** The schema below, as in `items`; undefined where the value is no schema. */
  below(value: Json | undefined): JsonSchema | undefined;
}

/** A chain of references that leads back to itself means nothing. */
const REFERENCES_MAX = 100;

const TYPES: ReadonlyMap<string, JsonSchemaKind> = new Map([
  ['string', 'string'],
  ['number', 'number'],
  ['integer', 'number'],
  ['boolean', 'boolean'],
  ['null', 'null'],
  ['object', 'object'],
  ['array', 'array'],
]);

/** Which keywords tell the type of values where `type` does not. */
const KEYWORDS: ReadonlyArray<readonly [JsonSchemaKind, readonly string[]]> = [
  ['array', ['items', 'prefixItems', 'additionalItems', 'minItems', 'maxItems', 'uniqueItems', 'contains']],
  ['string', ['minLength', 'maxLength', 'pattern', 'format']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
  [
    'object',
    [
      'properties',
      'required',
      'minProperties',
      'maxProperties',
      'dependencies',
      'dependentRequired',
      'dependentSchemas',
      'patternProperties',
      'additionalProperties',
      'propertyNames',
    ],
  ],
];

/**
 * Parses a JSON Schema of any draft. `references` are the documents that `$ref` may name, by these names or their ids.
 * Throws JsonSchemaError where it is none, and where it refers to what is not there.
 */
export function parseJsonSchema(document: Json, references: ReadonlyMap<string, Json> = new Map()): JsonSchema {
  const problem = checkAgainstDraft(document);
  if (problem !== undefined) throw new JsonSchemaError(problem);
  const documents = new Documents(references);
  const schema = documents.schema(document, document);
  checkReferences(schema);
  return schema;
}

class Documents {
  private readonly known = new Map<Json, JsonSchema>();

  constructor(private readonly references: ReadonlyMap<string, Json>) {}

  schema(json: Json, document: Json): JsonSchema {
    const [target, home] = this.followed(json, document);
    const known = isJsonObject(target) ? this.known.get(target) : undefined;
    if (known !== undefined) return known;
    const schema = this.make(target, home);
    if (isJsonObject(target)) this.known.set(target, schema);
    return schema;
  }

  private make(json: Json, document: Json): JsonSchema {
    const below = (value: Json | undefined): JsonSchema | undefined =>
      isJsonObject(value) || typeof value === 'boolean' ? this.schema(value, document) : undefined;
    const single = (kind: JsonSchemaKind, keywords: JsonObject = {}): JsonSchema => ({
      kind,
      keywords,
      criterion: undefined,
      parts: [],
      below,
    });
    const combined = (criterion: Criterion, parts: () => JsonSchema[]): JsonSchema => {
      let made: readonly JsonSchema[] | undefined;
      return {
        kind: 'combined',
        keywords: {},
        criterion,
        // Made when they are asked for: a schema may be a part of itself.
        get parts() {
          made ??= distinct(parts());
          return made;
        },
        below,
      };
    };
    if (!isJsonObject(json)) return single(json === false ? 'none' : 'any');
    const said: JsonSchema[] = [];
    for (const criterion of ['allOf', 'anyOf', 'oneOf'] as const) {
      const parts = json[criterion];
      if (!Array.isArray(parts)) continue;
      said.push(combined(criterion, () => parts.flatMap((part) => below(part) ?? [])));
    }
    if (Array.isArray(json.enum)) said.push(single('enum', json));
    if (json.const !== undefined) said.push(single('const', json));
    if (json.not !== undefined) said.push(single('not', json));
    const ofTypes = (): JsonSchema[] => namedTypes(json.type).map(([type, kind]) => single(kind, { ...json, type }));
    if (json.type === undefined) said.push(...kindsByKeywords(json).map((kind) => single(kind, json)));
    else said.push(...(Array.isArray(json.type) ? [combined('anyOf', ofTypes)] : ofTypes()));
    const [first] = said;
    if (first === undefined) return single('any', json);
    return said.length === 1 ? first : combined('allOf', () => said);
  }

  /** What a chain of `$ref` ends at, with the document it is in. */
  private followed(json: Json, document: Json): readonly [Json, Json] {
    let [at, home] = [json, document];
    for (let count = 0; isJsonObject(at) && typeof at.$ref === 'string'; count++) {
      if (count === REFERENCES_MAX) throw new JsonSchemaError(`"$ref": "${at.$ref}" leads to itself`);
      [at, home] = this.referred(at.$ref, home);
    }
    return [at, home];
  }

  private referred(reference: string, document: Json): readonly [Json, Json] {
    const hash = reference.indexOf('#');
    const name = hash === -1 ? reference : reference.slice(0, hash);
    const fragment = hash === -1 ? '' : decoded(reference.slice(hash + 1));
    const home = name === '' ? document : this.document(name, document);
    const find = fragment === '' || fragment.startsWith('/') ? at : anchor;
    const found = home === undefined ? undefined : find(home, fragment);
    if (home === undefined || found === undefined) throw new JsonSchemaError(`"$ref": "${reference}" names nothing`);
    return [found, home];
  }

  private document(name: string, from: Json): Json | undefined {
    if (idOf(from) === name) return from;
    const base = idOf(from);
    const full = base !== undefined && URL.canParse(name, base) ? new URL(name, base).href : name;
    return (
      this.references.get(name) ??
      this.references.get(full) ??
      [...this.references.values()].find((each) => idOf(each) === name || idOf(each) === full) ??
      embedded(from, name, full)
    );
  }
}

const idOf = (json: Json): string | undefined => {
  const id = isJsonObject(json) ? (json.$id ?? json.id) : undefined;
  return typeof id === 'string' ? id.replace(/#$/, '') : undefined;
};

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    throw new JsonSchemaError(`"#${fragment}" is not well-formed`);
  }
}

/** By a JSON pointer (RFC 6901). */
function at(document: Json, pointer: string): Json | undefined {
  let found: Json | undefined = document;
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(found)) found = found[Number(name)];
    else found = isJsonObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found;
}

const definitions = (document: Json): readonly Json[] =>
  isJsonObject(document)
    ? [document.definitions, document.$defs].flatMap((each) => (isJsonObject(each) ? Object.values(each) : []))
    : [];

const anchor = (document: Json, name: string): Json | undefined =>
  definitions(document).find(
    (each) => isJsonObject(each) && (each.$anchor === name || each.$id === `#${name}` || each.id === `#${name}`),
  );

const embedded = (document: Json, ...names: readonly string[]): Json | undefined =>
  definitions(document).find((each) => names.includes(idOf(each) ?? ''));

const namedTypes = (type: Json | undefined): Array<readonly [string, JsonSchemaKind]> =>
  [type ?? []].flat().flatMap((name) => {
    const kind = typeof name === 'string' ? TYPES.get(name) : undefined;
    return typeof name === 'string' && kind !== undefined ? [[name, kind] as const] : [];
  });

const kindsByKeywords = (json: JsonObject): JsonSchemaKind[] =>
  KEYWORDS.filter(([, keywords]) => keywords.some((keyword) => json[keyword] !== undefined)).map(([kind]) => kind);

/** The same said twice counts once. */
function distinct(parts: readonly JsonSchema[]): readonly JsonSchema[] {
  const byText = new Map<string, JsonSchema>();
  for (const part of parts) {
    const text = part.kind === 'combined' ? undefined : JSON.stringify([part.kind, part.keywords]);
    byText.set(text ?? `combined ${byText.size}`, part);
  }
  return [...byText.values()];
}

/** Visits all of it once: what does not resolve throws. */
function checkReferences(root: JsonSchema): void {
  const seen = new Set<JsonSchema>();
  const waiting = [root];
  for (let schema = waiting.pop(); schema !== undefined; schema = waiting.pop()) {
    if (seen.has(schema)) continue;
    seen.add(schema);
    waiting.push(...schema.parts, ...schemasBelow(schema));
  }
}

const SINGLE = ['items', 'additionalItems', 'additionalProperties', 'contains', 'propertyNames', 'not'] as const;
const LISTS = ['items', 'prefixItems'] as const;
const MAPS = ['properties', 'patternProperties', 'dependencies', 'dependentSchemas'] as const;

function schemasBelow({ keywords, below }: JsonSchema): JsonSchema[] {
  const lists = LISTS.map((name) => keywords[name]).flatMap((each) => (Array.isArray(each) ? each : []));
  const maps = MAPS.map((name) => keywords[name]).flatMap((each) => (isJsonObject(each) ? Object.values(each) : []));
  return [...SINGLE.map((name) => keywords[name]), ...lists, ...maps].flatMap((each) => below(each) ?? []);
}
