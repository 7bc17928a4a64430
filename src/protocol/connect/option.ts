import { BoundedRegex } from '../../support/bounded-regex.js';
import { messageOf } from '../../support/errors.js';

export type OptionType = 'STRING' | 'INT' | 'LONG' | 'SHORT' | 'DOUBLE' | 'BOOLEAN' | 'LIST' | 'PASSWORD' | 'CLASS';
export type Importance = 'HIGH' | 'MEDIUM' | 'LOW';

/** The configuration as it came: flat names, text values. */
export type RawConfig = Readonly<Record<string, string>>;

/** One option of a connector, transform, predicate or converter, as `validate` describes and checks it. */
export interface OptionDefinition {
  readonly name: string;
  readonly type: OptionType;
  /** Undefined: required. Null: optional without a default. */
  readonly default?: string | null | undefined;
  readonly importance?: Importance;
  readonly doc: string;
  /** The only values allowed, compared without case. */
  readonly oneOf?: readonly string[];
  /** Says what is wrong with a value that has the right type; undefined: nothing. */
  readonly check?: (value: string, config: RawConfig) => string | undefined;
  /** How this plugin's kind words a missing value. Default: Kafka's way. */
  readonly wording?: 'kafka' | 'debezium';
  /** Where it is not honoured as a whole: only some values are accepted, or any without effect. */
  readonly state?: 'limited' | 'unused';
}

export const required = (type: OptionType, name: string, doc: string): OptionDefinition => ({
  name,
  type,
  doc,
  importance: 'HIGH',
});

export const optional = (
  type: OptionType,
  name: string,
  fallback: string | null,
  doc: string,
  more: Partial<OptionDefinition> = {},
): OptionDefinition => ({ name, type, default: fallback, doc, importance: 'MEDIUM', ...more });

/** An option of Debezium's, whose problems are worded its way. Without a fallback it is required. */
export const debezium = (
  type: OptionType,
  name: string,
  fallback: string | null | undefined,
  doc: string,
  more: Partial<OptionDefinition> = {},
): OptionDefinition => ({ name, type, default: fallback, doc, importance: 'MEDIUM', wording: 'debezium', ...more });

/** Only these values, compared without case ('': left empty), are accepted; any other is refused, with what to do. */
export const only = (values: readonly string[], todo: string, option: OptionDefinition): OptionDefinition => ({
  ...option,
  doc: `${option.doc} Only ${values.filter((value) => value !== '').join(', ') || 'unset'}: ${todo}.`.trim(),
  state: 'limited',
  check: (value) =>
    values.some((accepted) => accepted.toLowerCase() === value.trim().toLowerCase())
      ? undefined
      : `The embedded Connect does not support '${value}' here: ${todo}`,
});

/** Accepted without effect: what it asks for holds anyway, or means nothing here; its doc says why. */
export const unused = (option: OptionDefinition): OptionDefinition => ({
  ...option,
  doc: `Not used: ${option.doc}`,
  state: 'unused',
});

/** A check of Debezium's, in its words. */
export const positive = (value: string): string | undefined =>
  Number(value) > 0 ? undefined : 'A positive, non-zero integer value is required';

/** What is wrong with one option's value, all of it; [] where it is fine. */
export function problemsOf(definition: OptionDefinition, config: RawConfig): string[] {
  const given = config[definition.name];
  const debezium = definition.wording === 'debezium';
  if (given === undefined || (debezium && given.trim() === '')) {
    if (definition.default !== undefined) return [];
    return [
      debezium
        ? `The '${definition.name}' value is invalid: A value is required`
        : `Missing required configuration "${definition.name}" which has no default value.`,
    ];
  }
  const invalid = (why: string): string =>
    debezium
      ? `The '${definition.name}' value is invalid: ${why}`
      : `Invalid value ${given} for configuration ${definition.name}: ${why}`;
  const typeProblem = problemOfType(definition.type, given.trim(), debezium);
  if (typeProblem !== undefined) {
    const kafkas = `Invalid value ${given} for configuration ${definition.name}: Not a number of type ${definition.type}`;
    return debezium && typeProblem.startsWith('An integer') ? [invalid(typeProblem), kafkas] : [invalid(typeProblem)];
  }
  if (definition.oneOf !== undefined && !definition.oneOf.includes(given.trim().toLowerCase()))
    return [invalid(`Value must be one of ${definition.oneOf.join(', ')}`)];
  const problem = definition.check?.(given, config);
  return problem === undefined ? [] : [invalid(problem)];
}

function problemOfType(type: OptionType, text: string, debezium: boolean): string | undefined {
  switch (type) {
    case 'INT':
    case 'LONG':
    case 'SHORT':
      if (/^[+-]?\d+$/.test(text)) return undefined;
      return debezium ? 'An integer is expected' : `Not a number of type ${type}`;
    case 'DOUBLE':
      return text !== '' && Number.isFinite(Number(text)) ? undefined : 'Not a number of type DOUBLE';
    case 'BOOLEAN':
      return /^(true|false)$/i.test(text) ? undefined : 'Expected value to be either true or false';
    default:
      return undefined;
  }
}

export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The options below a prefix, without it: `transforms.outbox.` */
export function below(config: RawConfig, prefix: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

/** A regular expression in Java's spelling, as far as the two differ in what configurations use. */
export function javaRegex(pattern: string, flags = ''): RegExp {
  let source = pattern;
  let all = flags;
  const inline = /^\(\?([imsu]+)\)/.exec(source);
  if (inline !== null) {
    source = source.slice(inline[0].length);
    all += (inline[1] ?? '').replace('u', '').replace(/[^ims]/g, '');
  }
  source = source.replace(/\\Q([\s\S]*?)(\\E|$)/g, (_, quoted: string) =>
    quoted.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
  );
  source = source.replace(/([*+?}])\+/g, '$1'); // possessive quantifiers match the same, only faster
  return new BoundedRegex(source, [...new Set(all)].join(''));
}

/** Java's replacement text: `$1`, `${name}`, and a backslash before what stands for itself. */
export function javaReplacement(replacement: string): (match: RegExpExecArray) => string {
  const parts: Array<string | { readonly group: string }> = [];
  let text = '';
  for (let at = 0; at < replacement.length; at++) {
    const char = replacement[at];
    if (char === '\\' && at + 1 < replacement.length) {
      text += replacement[++at];
      continue;
    }
    const reference = char === '$' ? /^\$(?:(\d)|\{([a-zA-Z][a-zA-Z0-9]*)\})/.exec(replacement.slice(at)) : null;
    if (reference === null) {
      text += char;
      continue;
    }
    parts.push(text, { group: reference[1] ?? reference[2] ?? '' });
    text = '';
    at += reference[0].length - 1;
  }
  parts.push(text);
  return (match) =>
    parts
      .map((part) => {
        if (typeof part === 'string') return part;
        return (/^\d$/.test(part.group) ? match[Number(part.group)] : match.groups?.[part.group]) ?? '';
      })
      .join('');
}

export function regexProblem(pattern: string): string | undefined {
  try {
    javaRegex(pattern);
    return undefined;
  } catch (failure) {
    return `A valid regular expression is required, but was ${pattern}: ${messageOf(failure)}`;
  }
}
