import { isJsonObject, type Json, JsonNumber, parseJson } from './parse.js';

/** JSON as plain values: whole numbers beyond 2^53 are bigint, other numbers that a double would round are their text. */
export const parsePlainJson = (text: string): unknown => plain(parseJson(text));

function plain(json: Json): unknown {
  if (json instanceof JsonNumber) return json.isInteger ? BigInt(json.text) : json.text;
  if (typeof json === 'number') return Number.isInteger(json) && !Number.isSafeInteger(json) ? BigInt(json) : json;
  if (Array.isArray(json)) return json.map(plain);
  if (!isJsonObject(json)) return json;
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, plain(value)]));
}
