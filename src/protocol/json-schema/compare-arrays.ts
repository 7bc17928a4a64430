import { type Comparing, compareBounds, type Path } from './keywords.js';
import type { JsonSchema } from './schema.js';

/** The items that have a schema each are to an array what the named properties are to an object. */
export function compareArrays(comparison: Comparing, reader: JsonSchema, writer: JsonSchema, path: Path): void {
  const [now, old] = [arrayOf(reader), arrayOf(writer)];
  const items = [...path, 'items'];
  if (now.each !== undefined && old.each === undefined) comparison.add('SCHEMA_ADDED', items);
  else if (now.each !== undefined && old.each !== undefined) comparison.compare(now.each, old.each, items);
  for (const [index, item] of old.first.entries()) {
    const same = now.first[index];
    const at = [...items, String(index)];
    if (same === undefined) compareRemoved(comparison, now, item, at);
    else comparison.compare(same, item, at);
  }
  for (const [index, item] of now.first.entries()) {
    if (index >= old.first.length) compareAdded(comparison, old, item, [...items, String(index)]);
  }
  compareAdditional(comparison, now, old, [...path, 'additionalItems']);
  compareBounds(comparison, reader, writer, path, [
    ['maxItems', 'MAX_ITEMS', 'upper'],
    ['minItems', 'MIN_ITEMS', 'lower'],
  ]);
  if (reader.keywords.uniqueItems === true && writer.keywords.uniqueItems !== true) {
    comparison.add('UNIQUE_ITEMS_ADDED', [...path, 'uniqueItems']);
  }
}

interface ArrayModel {
  /** Of all items. */
  readonly each: JsonSchema | undefined;
  /** Of the first ones, by position. */
  readonly first: readonly JsonSchema[];
  readonly takesOthers: boolean;
  /** Of those that come after. */
  readonly others: JsonSchema | undefined;
}

/** Draft 2020-12 calls the list `prefixItems`, and what comes after it `items`. */
function arrayOf({ keywords, below }: JsonSchema): ArrayModel {
  const list = keywords.prefixItems ?? keywords.items;
  const others = keywords.prefixItems === undefined ? keywords.additionalItems : keywords.items;
  return {
    each: Array.isArray(list) ? undefined : below(list),
    first: Array.isArray(list) ? list.flatMap((item) => below(item) ?? []) : [],
    takesOthers: others !== false,
    others: typeof others === 'boolean' ? undefined : below(others),
  };
}

const isOpen = ({ takesOthers, others }: ArrayModel): boolean => takesOthers && others === undefined;

function compareRemoved(comparison: Comparing, now: ArrayModel, item: JsonSchema, path: Path): void {
  if (isOpen(now)) return;
  if (now.others === undefined) {
    if (item.kind !== 'none') comparison.add('ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL', path);
    return;
  }
  if (comparison.isCompatible(now.others, item)) return;
  comparison.compare(now.others, item, path);
  comparison.add('ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL', path);
}

function compareAdded(comparison: Comparing, old: ArrayModel, item: JsonSchema, path: Path): void {
  if (isOpen(old)) {
    if (item.kind !== 'any') comparison.add('ITEM_ADDED_TO_OPEN_CONTENT_MODEL', path);
    return;
  }
  if (old.others === undefined || comparison.isCompatible(item, old.others)) return;
  comparison.compare(item, old.others, path);
  comparison.add('ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL', path);
}

function compareAdditional(comparison: Comparing, now: ArrayModel, old: ArrayModel, path: Path): void {
  if (!now.takesOthers) {
    if (old.takesOthers) comparison.add('ADDITIONAL_ITEMS_REMOVED', path);
  } else if (old.takesOthers && now.others !== undefined) {
    if (old.others === undefined) comparison.add('ADDITIONAL_ITEMS_NARROWED', path);
    else comparison.compare(now.others, old.others, path);
  }
}
