import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Environment } from '../../support/environment.js';
import { packageFile } from '../../support/package.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Mapping = Readonly<Record<string, Json>>;

/** A Compose file of its own with one service, whose volume is called like it. */
export type Fragment = Readonly<Record<string, Mapping>>;

/** It is read from compose/ of this package. */
export function readFragment(server: string, variables: Environment): Fragment {
  const text = readFileSync(packageFile('compose', `${server}.yaml`), 'utf8');
  return fill(parse(text) as Json, variables) as Fragment;
}

/** The same for another server beside it: with a volume of its own, and secrets from files of its own. */
export function renamed({ services = {}, volumes = {}, secrets = {} }: Fragment, from: string, to: string): Fragment {
  const service = services[from] as Mapping;
  const listOf = (key: string) => (service[key] ?? []) as readonly Json[];
  const own = (name: string): string => `${to}.${name}`;
  const secret = (given: Json): Json =>
    typeof given === 'string'
      ? { source: own(given), target: given }
      : { ...(given as Mapping), source: own(String((given as Mapping).source)) };
  const file = (given: Json | undefined): string => String((given as Mapping).file).replace(/[^/]+$/, own);
  return {
    services: {
      [to]: {
        ...service,
        secrets: listOf('secrets').map(secret),
        volumes: listOf('volumes').map((volume) => String(volume).replace(`${from}:`, `${to}:`)),
      },
    },
    volumes: Object.fromEntries(Object.entries(volumes).map(([name, one]) => [name === from ? to : name, one])),
    secrets: Object.fromEntries(Object.entries(secrets).map(([name, one]) => [own(name), { file: file(one) }])),
  };
}

const VARIABLE = /\$\{(\w+)(?::-([^}]*))?\}/g;

/**
 * Puts values in place of `${NAME}` and `${NAME:-default}`, as Compose itself would. An entry of a mapping that is one
 * variable without a value is left out: a ksqlDB without a registry has no address of one.
 */
export function fill(value: Json, variables: Environment): Json {
  if (typeof value === 'string') return fillText(value, variables);
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map((item) => fill(item, variables));
  const filled = Object.entries(value).map(([key, entry]) => [key, fill(entry, variables)] as const);
  return Object.fromEntries(filled.filter(([key, entry]) => entry !== '' || !isVariable(value[key])));
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

const isVariable = (value: Json | undefined): boolean => typeof value === 'string' && /^\$\{\w+\}$/.test(value);

function fillText(text: string, variables: Environment): string {
  return text.replace(VARIABLE, (_, name: string, otherwise: string | undefined) => {
    const value = variables[name];
    return value === undefined || value === '' ? (otherwise ?? '') : value;
  });
}
