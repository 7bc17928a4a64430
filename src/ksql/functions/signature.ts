import { parseTypeText } from '../../protocol/ksql/parse-type.js';
import { type SqlType, sameType } from '../../protocol/ksql/types.js';
import { commonType, widening } from '../expressions/types.js';
import { StatementError } from '../statement-error.js';

export interface Signature {
  readonly parameters: readonly SqlType[];
  readonly variadic: boolean;
  readonly returns: SqlType;
}

/** DAYS in DATEADD(DAYS, …): a word of its own in the grammar. */
export const INTERVAL_UNIT: SqlType = { kind: 'NAMED', name: 'INTERVALUNIT' };
export const LAMBDA: SqlType = { kind: 'NAMED', name: 'LAMBDA' };

const parsed = new Map<string, Signature>();

/** Signatures are read when first needed: hundreds of them at start-up would cost more than they give. */
export function parseSignature(text: string): Signature {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const close = text.lastIndexOf(')');
  const inner = text.slice(1, close).trim();
  const variadic = inner.endsWith('...');
  const list = variadic ? inner.slice(0, -3) : inner;
  const fields = list === '' ? [] : splitTop(list).map(parseTypeText);
  const signature = { parameters: fields, variadic, returns: parseTypeText(text.slice(close + 1).trim()) };
  parsed.set(text, signature);
  return signature;
}

function splitTop(list: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < list.length; at += 1) {
    if (list[at] === '<' || list[at] === '(') depth += 1;
    if (list[at] === '>' || list[at] === ')') depth -= 1;
    if (list[at] === ',' && depth === 0) {
      parts.push(list.slice(from, at).trim());
      from = at + 1;
    }
  }
  parts.push(list.slice(from).trim());
  return parts;
}

export type Bindings = Map<string, SqlType>;

/** How far types are from a signature: 0 exactly, more with each conversion; undefined where they don't fit. */
export function fitness(
  signature: Signature,
  types: ReadonlyArray<SqlType | undefined>,
): { cost: number; bindings: Bindings; targets: ReadonlyArray<SqlType | undefined> } | undefined {
  const { parameters, variadic } = signature;
  if (variadic ? types.length < parameters.length - 1 : types.length !== parameters.length) return undefined;
  const bindings: Bindings = new Map();
  const targets: Array<SqlType | undefined> = [];
  let cost = variadic ? 1 : 0;
  for (const [at, type] of types.entries()) {
    const parameter = parameters[Math.min(at, parameters.length - 1)];
    if (parameter === undefined) return undefined;
    const each = match(parameter, type, bindings);
    if (each === undefined) return undefined;
    cost += each.cost;
    targets.push(each.target);
  }
  // A later argument may have widened a type variable: GREATEST(1, 2.5) is of decimals.
  for (const [at] of types.entries()) {
    const parameter = parameters[Math.min(at, parameters.length - 1)];
    if (targets[at] !== undefined && parameter !== undefined) targets[at] = bound(parameter, bindings) ?? targets[at];
  }
  return { cost, bindings, targets };
}

/** What is no type of values, and fits only itself. */
const isWord = (type: SqlType): boolean => sameType(type, INTERVAL_UNIT) || sameType(type, LAMBDA);

function match(
  pattern: SqlType,
  type: SqlType | undefined,
  bindings: Bindings,
): { cost: number; target: SqlType | undefined } | undefined {
  if (type === undefined) return isWord(pattern) ? undefined : { cost: 1, target: undefined };
  if (type.kind === 'NAMED' || isWord(pattern)) return sameType(pattern, type) ? { cost: 0, target: type } : undefined;
  if (pattern.kind === 'NAMED') {
    if (pattern.name === 'ANY') return { cost: 2, target: type };
    if (pattern.name === 'ANYDECIMAL') {
      if (type.kind === 'DECIMAL') return { cost: 0, target: type };
      return undefined;
    }
    const bound = bindings.get(pattern.name);
    if (bound === undefined) {
      bindings.set(pattern.name, type);
      return { cost: 1, target: type };
    }
    if (sameType(bound, type)) return { cost: 0, target: type };
    const common = commonType(bound, type);
    if (common === undefined) return undefined;
    bindings.set(pattern.name, common);
    return { cost: 3, target: common };
  }
  if (pattern.kind === 'ARRAY' && type.kind === 'ARRAY') {
    const element = match(pattern.element, type.element, bindings);
    return element && { cost: element.cost, target: { kind: 'ARRAY', element: element.target ?? type.element } };
  }
  if (pattern.kind === 'MAP' && type.kind === 'MAP') {
    const key = match(pattern.key, type.key, bindings);
    const value = match(pattern.value, type.value, bindings);
    if (key === undefined || value === undefined) return undefined;
    return {
      cost: key.cost + value.cost,
      target: { kind: 'MAP', key: key.target ?? type.key, value: value.target ?? type.value },
    };
  }
  if (sameType(pattern, type)) return { cost: 0, target: type };
  if (widening(type, pattern) === undefined) return undefined;
  return { cost: 10 + distance(type, pattern), target: pattern };
}

/** The pattern with its variables replaced; undefined where one of them is still free. */
function bound(pattern: SqlType, bindings: Bindings): SqlType | undefined {
  if (pattern.kind === 'NAMED') return bindings.get(pattern.name);
  if (pattern.kind === 'ARRAY') {
    const element = bound(pattern.element, bindings);
    return element && { kind: 'ARRAY', element };
  }
  if (pattern.kind !== 'MAP') return undefined;
  const [key, value] = [bound(pattern.key, bindings), bound(pattern.value, bindings)];
  return key && value && { kind: 'MAP', key, value };
}

const ORDER = ['INTEGER', 'BIGINT', 'DECIMAL', 'DOUBLE'];
const distance = (from: SqlType, to: SqlType): number => Math.abs(ORDER.indexOf(to.kind) - ORDER.indexOf(from.kind));

export function substitute(type: SqlType, bindings: Bindings, name: string): SqlType {
  switch (type.kind) {
    case 'NAMED': {
      const bound = bindings.get(type.name);
      if (bound === undefined)
        throw new StatementError(`${name}: the type of its result can't be told from NULL: use CAST`);
      return bound;
    }
    case 'ARRAY':
      return { kind: 'ARRAY', element: substitute(type.element, bindings, name) };
    case 'MAP':
      return {
        kind: 'MAP',
        key: substitute(type.key, bindings, name),
        value: substitute(type.value, bindings, name),
      };
    default:
      return type;
  }
}
