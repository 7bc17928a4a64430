import { checkJsonDepth } from '../../../http/body.js';
import { jsonReader } from '../../../ksql/formats/json-reader.js';
import type { Source } from '../../../ksql/metadata/source.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { insertTarget } from '../../../ksql/statements/inserted-values.js';
import type { Value } from '../../../ksql/values/value.js';
import { isJsonObject, parseJson } from '../../../protocol/json/parse.js';
import { messageOf } from '../../../support/errors.js';
import type { Engine } from '../engine.js';
import { insertRow } from '../statements/insert-values.js';
import { jsonObject, type KsqlCall, write } from './request.js';

/** POST /inserts-stream: {target}, then one JSON object a line; an acknowledgement a row comes back. */
export async function handleInserts({ body, response }: KsqlCall, engine: Engine): Promise<undefined> {
  const text = body.toString('utf8');
  checkJsonDepth(text);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const head = jsonObject(Buffer.from(lines.shift() ?? ''));
  if (typeof head.target !== 'string') throw new StatementError("Missing field 'target'", 40000);
  const quoted = /^`(.*)`$/.exec(head.target)?.[1];
  const source = insertTarget(engine.metastore, quoted ?? head.target.toUpperCase());
  response.writeHead(200, { 'content-type': 'application/vnd.ksqlapi.delimited.v1' });
  for (const [seq, line] of lines.entries()) {
    try {
      await insertRow(engine, source, rowOf(source, parseJson(line)));
      await write(response, `${JSON.stringify({ status: 'ok', seq })}\n`);
    } catch (failure) {
      await write(
        response,
        `${JSON.stringify({ status: 'error', seq, error_code: 50000, message: messageOf(failure) })}\n`,
      );
    }
  }
  response.end();
}

function rowOf(source: Source, json: unknown): Map<string, Value> {
  if (!isJsonObject(json)) throw new TypeError('a JSON object is expected');
  const columns = [...source.schema.key, ...source.schema.value];
  const values = new Map<string, Value>();
  for (const [name, value] of Object.entries(json)) {
    const column =
      columns.find((each) => each.name === name) ?? columns.find((each) => each.name === name.toUpperCase());
    if (column === undefined) throw new StatementError(`Column name \`${name}\` does not exist.`);
    values.set(column.name, jsonReader(column.type)(value));
  }
  return values;
}
