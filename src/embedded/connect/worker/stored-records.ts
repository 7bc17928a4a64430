import { isJsonObject, type Json, parseJson } from '../../../protocol/json/parse.js';

/** What a connector should be, as its users have asked. */
export type TargetState = 'STARTED' | 'PAUSED' | 'STOPPED';

/**
 * What is wrong with a record of the worker's topics, which anyone may have written; undefined where it is as a worker
 * writes it, or of a kind that this one does not look into. As in the original, such a record counts as not there.
 */
export type ProblemOf = (key: string, value: string) => string | undefined;

const TARGET_STATES: Readonly<Record<TargetState, true>> = { STARTED: true, PAUSED: true, STOPPED: true };

/** Of `connect-configs`: what a connector is, and what it should do. */
export const configProblem: ProblemOf = (key, value) => {
  if (key.startsWith('connector-')) {
    const stored = parsed(value);
    const properties = isJsonObject(stored) ? stored.properties : undefined;
    if (!isJsonObject(properties)) return 'its value has no properties';
    return Object.values(properties).every((property) => typeof property === 'string')
      ? undefined
      : 'its value has properties that are not text';
  }
  if (!key.startsWith('target-state-')) return undefined;
  const stored = parsed(value);
  const states = isJsonObject(stored) ? [stored.state, stored['state.v2']].filter((state) => state !== undefined) : [];
  return states.length > 0 && states.every((state) => typeof state === 'string' && Object.hasOwn(TARGET_STATES, state))
    ? undefined
    : 'its value is no state that a connector can be in';
};

/** Of `connect-offsets`: the key is a connector and a partition, the value an offset; both are flat. */
export const offsetProblem: ProblemOf = (key, value) => {
  const parts = parsed(key);
  const isKey = Array.isArray(parts) && parts.length === 2 && typeof parts[0] === 'string' && isFlat(parts[1]);
  if (!isKey) return 'its key is not a connector and a partition';
  return isFlat(parsed(value)) ? undefined : 'its value is not an offset';
};

/** Of `connect-status`: only keys are looked at. */
export const statusProblem: ProblemOf = () => undefined;

/** Undefined where it is not JSON. What the parser says is left out: it quotes what it reads, be it a password. */
export function parsed(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

const isFlat = (json: Json | undefined): boolean =>
  isJsonObject(json) && Object.values(json).every((value) => !isJsonObject(value) && !Array.isArray(value));
