import { readFileSync } from 'node:fs';
import { isJsonObject, type Json, JsonNumber, parseJson } from '../../../../../src/protocol/json/parse.js';
import { APACHE_CASES } from './apache-cases.js';
import { DEBEZIUM_CASES } from './debezium-cases.js';
import type { TransformCase } from './records.js';
import type { CaseAnswer } from './run-case.js';

export const CASES: Readonly<Record<string, TransformCase>> = { ...APACHE_CASES, ...DEBEZIUM_CASES };

/** What the real classes said, a line a case: recorded by `EVPIPE_RECORD=1 npx vitest run --project real test/real/connect/transforms.test.ts`. */
export const ANSWERS_FILE = new URL('real-answers.jsonl', import.meta.url);

export function recordedAnswers(): ReadonlyMap<string, CaseAnswer> {
  const lines = readFileSync(ANSWERS_FILE, 'utf8').trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const { name, answer } = parseJson(line) as unknown as { name: string; answer: CaseAnswer };
      return [name, answer];
    }),
  );
}

/**
 * What two answers have to share. Of a failure that is its class, unless Java fell over (a NullPointerException) or
 * Debezium refused its options, which evpipe does before the task starts. What Java keeps in hash maps has no order:
 * the members of objects without a schema, and the fields that array elements contributed.
 */
export function comparable(answer: CaseAnswer): Json {
  if (!('failure' in answer)) return canonical(answer as unknown as Json);
  const isOwn = /^java\./.test(answer.failure) || answer.message === 'Unable to validate config.';
  return { failed: isOwn ? 'java' : answer.failure };
}

function canonical(json: Json): Json {
  if (json instanceof JsonNumber || typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(canonical);
  const schema = json.schema;
  if (schema === null) return { schema, payload: sorted(json.payload ?? null) };
  if (isJsonObject(schema) && mergesElements(schema)) return sorted(json) as Json;
  return Object.fromEntries(Object.entries(json).map(([name, one]) => [name, canonical(one)]));
}

const mergesElements = (schema: Json): boolean =>
  isJsonObject(schema) &&
  (schema.type === 'array'
    ? isJsonObject(schema.items) && schema.items.type === 'struct'
    : Array.isArray(schema.fields) && schema.fields.some(mergesElements));

function sorted(json: Json): Json {
  if (json instanceof JsonNumber || typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) {
    const items = json.map(sorted);
    const isFields = items.every((one) => isJsonObject(one) && typeof one.field === 'string');
    return isFields ? items.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1)) : items;
  }
  const entries = Object.entries(json).map(([name, one]): [string, Json] => [name, sorted(one)]);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
