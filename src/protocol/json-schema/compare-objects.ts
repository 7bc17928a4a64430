import { type Comparing, compareBounds, matches, type Path, schemasIn } from './keywords.js';
import type { JsonSchema } from './schema.js';

/**
 * A model is open where it takes properties that it does not name, closed where it takes none, and partly open where
 * these have a schema. What an open model took has been anything, so a property that is named later may not hold.
 */
export function compareObjects(comparison: Comparing, reader: JsonSchema, writer: JsonSchema, path: Path): void {
  const [now, old] = [objectOf(reader), objectOf(writer)];
  compareRequired(comparison, now, old, [...path, 'required']);
  for (const [name, property] of old.properties) {
    const at = [...path, 'properties', name];
    const same = now.properties.get(name);
    if (same === undefined) compareRemoved(comparison, now, name, property, at);
    else comparison.compare(same, property, at);
  }
  for (const [name, property] of now.properties) {
    if (!old.properties.has(name)) compareAdded(comparison, now, old, name, property, [...path, 'properties', name]);
  }
  compareDependencies(comparison, reader, writer, path);
  compareAdditional(comparison, now, old, [...path, 'additionalProperties']);
  compareBounds(comparison, reader, writer, path, [
    ['maxProperties', 'MAX_PROPERTIES', 'upper'],
    ['minProperties', 'MIN_PROPERTIES', 'lower'],
  ]);
}

interface ObjectModel {
  readonly properties: ReadonlyMap<string, JsonSchema>;
  readonly patterns: ReadonlyMap<string, JsonSchema>;
  readonly required: ReadonlySet<string>;
  readonly takesOthers: boolean;
  /** Of properties that are not named. */
  readonly others: JsonSchema | undefined;
}

function objectOf(schema: JsonSchema): ObjectModel {
  const { required, additionalProperties } = schema.keywords;
  return {
    properties: schemasIn(schema, 'properties'),
    patterns: schemasIn(schema, 'patternProperties'),
    required: namesIn(required),
    takesOthers: additionalProperties !== false,
    others: typeof additionalProperties === 'boolean' ? undefined : schema.below(additionalProperties),
  };
}

const namesIn = (list: unknown): ReadonlySet<string> => new Set(Array.isArray(list) ? list.map(String) : []);

const isOpen = ({ patterns, takesOthers, others }: ObjectModel): boolean =>
  patterns.size === 0 && takesOthers && others === undefined;

const covering = ({ patterns, others }: ObjectModel, name: string): JsonSchema | undefined => {
  for (const [pattern, schema] of patterns) if (matches(pattern, name)) return schema;
  return others;
};

const hasDefault = (property: JsonSchema | undefined): boolean => property?.keywords.default !== undefined;

function compareRequired(comparison: Comparing, now: ObjectModel, old: ObjectModel, path: Path): void {
  for (const name of now.required) {
    if (!old.properties.has(name) || !now.properties.has(name) || old.required.has(name)) continue;
    if (!hasDefault(now.properties.get(name))) comparison.add('REQUIRED_ATTRIBUTE_ADDED', [...path, name]);
  }
}

function compareRemoved(comparison: Comparing, now: ObjectModel, name: string, property: JsonSchema, path: Path): void {
  if (isOpen(now)) return;
  const cover = covering(now, name);
  if (cover === undefined) {
    if (property.kind !== 'none') comparison.add('PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL', path);
    return;
  }
  if (comparison.isCompatible(cover, property)) return;
  comparison.compare(cover, property, path);
  comparison.add('PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL', path);
}

function compareAdded(
  comparison: Comparing,
  now: ObjectModel,
  old: ObjectModel,
  name: string,
  property: JsonSchema,
  path: Path,
): void {
  if (isOpen(old)) {
    if (property.kind !== 'any') comparison.add('PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL', path);
    return;
  }
  const cover = covering(old, name);
  if (cover !== undefined && !comparison.isCompatible(property, cover)) {
    comparison.compare(property, cover, path);
    comparison.add('PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL', path);
  }
  if (now.required.has(name) && !hasDefault(property)) {
    comparison.add('REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL', path);
  }
}

function compareAdditional(comparison: Comparing, now: ObjectModel, old: ObjectModel, path: Path): void {
  if (!now.takesOthers) {
    if (old.takesOthers) comparison.add('ADDITIONAL_PROPERTIES_REMOVED', path);
  } else if (old.takesOthers && now.others !== undefined) {
    if (old.others === undefined) comparison.add('ADDITIONAL_PROPERTIES_NARROWED', path);
    else comparison.compare(now.others, old.others, path);
  }
}

/** `dependencies` of the older drafts, `dependentRequired` and `dependentSchemas` of the newer ones. */
function compareDependencies(comparison: Comparing, reader: JsonSchema, writer: JsonSchema, path: Path): void {
  const at = [...path, 'dependencies'];
  const oldNames = dependentNames(writer);
  for (const [name, now] of dependentNames(reader)) {
    const old = oldNames.get(name);
    if (old === undefined) comparison.add('DEPENDENCY_ARRAY_ADDED', [...at, name]);
    else if ([...now].some((each) => !old.has(each))) {
      const isExtended = [...old].every((each) => now.has(each));
      comparison.add(isExtended ? 'DEPENDENCY_ARRAY_EXTENDED' : 'DEPENDENCY_ARRAY_CHANGED', [...at, name]);
    }
  }
  const oldSchemas = dependentSchemas(writer);
  for (const [name, now] of dependentSchemas(reader)) {
    const old = oldSchemas.get(name);
    if (old === undefined) comparison.add('DEPENDENCY_SCHEMA_ADDED', [...at, name]);
    else comparison.compare(now, old, [...at, name]);
  }
}

const dependentNames = ({ keywords }: JsonSchema): ReadonlyMap<string, ReadonlySet<string>> =>
  new Map(
    [keywords.dependencies, keywords.dependentRequired].flatMap((each) =>
      Object.entries(each ?? {}).flatMap(([name, value]) =>
        Array.isArray(value) ? [[name, namesIn(value)] as const] : [],
      ),
    ),
  );

const dependentSchemas = (schema: JsonSchema): ReadonlyMap<string, JsonSchema> =>
  new Map([...schemasIn(schema, 'dependencies'), ...schemasIn(schema, 'dependentSchemas')]);
