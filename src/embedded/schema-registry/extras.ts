import { isPlainObject } from '../../support/plain-object.js';
import type { SchemaExtras, SubjectConfig } from './schemas-topic.js';

type Parts = Readonly<Record<string, unknown>>;

const partsOf = (value: unknown): Parts => (isPlainObject(value) ? value : {});

/** What a schema is stored with: what it says over the defaults of its subject, and under what the subject overrides. */
export function withConfigured({ metadata, ruleSet }: SchemaExtras, config: SubjectConfig): SchemaExtras {
  return {
    metadata: merged(mergeMetadata, config.defaultMetadata, metadata, config.overrideMetadata),
    ruleSet: merged(mergeRules, config.defaultRuleSet, ruleSet, config.overrideRuleSet),
  };
}

/** Later ones win; undefined where there is none. */
function merged(merge: (under: object, over: object) => object, ...layers: Array<object | undefined>) {
  return layers.reduce(
    (under, over) => (under === undefined || over === undefined ? (over ?? under) : merge(under, over)),
    undefined,
  );
}

/** Tags are lists by path and properties are texts by name: both by their names. What is sensitive is a set. */
function mergeMetadata(under: object, over: object): object {
  const [below, above] = [partsOf(under), partsOf(over)];
  const sensitive = [below.sensitive, above.sensitive].flatMap((list) => (Array.isArray(list) ? list : []));
  return {
    ...below,
    ...above,
    ...byName('tags', below, above),
    ...byName('properties', below, above),
    ...(sensitive.length === 0 ? {} : { sensitive: [...new Set(sensitive)] }),
  };
}

const byName = (part: string, below: Parts, above: Parts): Parts =>
  below[part] === undefined && above[part] === undefined
    ? {}
    : { [part]: { ...partsOf(below[part]), ...partsOf(above[part]) } };

/** Each list holds a rule of a name once. */
function mergeRules(under: object, over: object): object {
  const [below, above] = [partsOf(under), partsOf(over)];
  const lists = [...new Set([...Object.keys(below), ...Object.keys(above)])].map((name) => {
    const rules = [below[name], above[name]].flatMap((list) => (Array.isArray(list) ? list : []));
    return [name, [...new Map(rules.map((rule) => [partsOf(rule).name, rule])).values()]] as const;
  });
  return Object.fromEntries(lists);
}

/** A property of a schema's metadata. */
export const metadataProperty = ({ metadata }: SchemaExtras, name: string): unknown =>
  partsOf(partsOf(metadata).properties)[name];
