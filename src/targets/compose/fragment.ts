import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { packageFile } from '../../support/package.js';
import type { Variables } from '../component.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Mapping = Readonly<Record<string, Json>>;

/** A fragment is a Compose file of its own with one service; it is read from compose/ of this package. */
export function readFragment(server: string, variables: Variables): Readonly<Record<string, Mapping>> {
  const text = readFileSync(packageFile('compose', `${server}.yaml`), 'utf8');
  return fill(parse(text) as Json, variables) as Readonly<Record<string, Mapping>>;
}

const VARIABLE = /\$\{(\w+)(?::-([^}]*))?\}/g;

/**
 * Puts values in place of `${NAME}` and `${NAME:-default}`, as Compose itself would. An entry of a mapping that is one
 * variable without a value is left out: a ksqlDB without a registry has no address of one.
 */
export function fill(value: Json, variables: Variables): Json {
  if (typeof value === 'string') return fillText(value, variables);
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map((item) => fill(item, variables));
  const filled = Object.entries(value).map(([key, entry]) => [key, fill(entry, variables)] as const);
  return Object.fromEntries(filled.filter(([key, entry]) => entry !== '' || !isVariable(value[key])));
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

const isVariable = (value: Json | undefined): boolean => typeof value === 'string' && /^\$\{\w+\}$/.test(value);

function fillText(text: string, variables: Variables): string {
  return text.replace(VARIABLE, (_, name: string, otherwise: string | undefined) => {
    const value = variables[name];
    return value === undefined || value === '' ? (otherwise ?? '') : value;
  });
}
