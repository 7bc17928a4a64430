import { isJsonObject, type Json, parseJson } from '../../../protocol/json/parse.js';
import { stringifyJson } from '../../../protocol/json/stringify.js';
import { jsonSchemaIncompatibilities } from '../../../protocol/json-schema/compatibility.js';
import { type JsonSchema, JsonSchemaError, parseJsonSchema } from '../../../protocol/json-schema/schema.js';
import { messageOf } from '../../../support/errors.js';
import { schemaType } from './schema-type.js';

/** JSON Schema of any draft; a reference is the document that a `$ref` names. Stored without spaces; normalised in order of keys. */
export const JSON_SCHEMA = schemaType<JsonSchema>({
  parse({ schema: text, referenced }, normalize) {
    const json = read(text);
    const documents = new Map(referenced.map(({ name, schema }) => [name, plain(schema)]));
    return {
      schema: parseJsonSchema(plain(text), documents),
      canonical: stringifyJson(normalize ? inOrder(json) : json),
    };
  },

  incompatibilities: (reader, writer, sides) =>
    jsonSchemaIncompatibilities(reader, writer).map(
      ({ type, path }) =>
        `{errorType:"${type}", description:"values of the ${sides.writer} schema may break the ${sides.reader} schema at path '${path}'"}`,
    ),
});

/** With numbers as they are written. */
function read(text: string): Json {
  try {
    return parseJson(text, 'text');
  } catch (failure) {
    if (failure instanceof SyntaxError) throw new JsonSchemaError(messageOf(failure));
    throw failure;
  }
}

/** With numbers as they count. */
function plain(text: string): Json {
  read(text);
  return JSON.parse(text) as Json;
}

function inOrder(json: Json): Json {
  if (Array.isArray(json)) return json.map(inOrder);
  if (!isJsonObject(json)) return json;
  const names = Object.keys(json).sort();
  return Object.fromEntries(names.map((name) => [name, inOrder(json[name] ?? null)]));
}
