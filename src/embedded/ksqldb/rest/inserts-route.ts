import { checkJsonDepth } from '../../../http/body.js';
import type { Request } from '../../../http/front.js';
import { HttpProblem } from '../../../http/problem.js';
import type { Source } from '../../../ksql/metadata/source.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { clientReader } from '../../../ksql/statements/client-values.js';
import { insertTarget } from '../../../ksql/statements/inserted-values.js';
import type { Value } from '../../../ksql/values/value.js';
import { isJsonObject, parseJson } from '../../../protocol/json/parse.js';
import { codeOf, messageOf } from '../../../support/errors.js';
import { linesOf } from '../../../support/lines.js';
import type { Engine } from '../engine.js';
import { insertRow } from '../statements/insert-values.js';
import { AnswerText } from './answer-text.js';
import { DELIMITED, jsonObject, type KsqlCall, textField } from './request.js';

const LINE_BYTES_MAX = 16 * 1024 * 1024; // of one row, as of any other request's body

/**
 * POST /inserts-stream: {target}, then one JSON object a line; an acknowledgement a row comes back as soon as it is
 * written, for clients that send the next row after that. A client that takes JSON only gets one array of them.
 */
export async function handleInserts({ request, headers, response }: KsqlCall, engine: Engine): Promise<undefined> {
  const lines = rowsOf(request);
  const { value: first } = await lines.next();
  const source = targetOf(jsonObject(Buffer.from(first ?? '')), engine);
  const accept = headers.accept ?? '';
  const array = accept.includes('application/json') && !accept.includes(DELIMITED);
  response.writeHead(200, { 'content-type': array ? 'application/json' : DELIMITED });
  response.flushHeaders();
  const text = new AnswerText(response);
  let seq = 0;
  try {
    for await (const line of lines) {
      const answer = JSON.stringify(await inserted(engine, source, line, seq));
      await text.write(array ? `${seq === 0 ? '[' : ',\n'}${answer}` : `${answer}\n`);
      seq += 1;
    }
  } finally {
    text.flush(); // also what was acknowledged before a line that is too long
  }
  text.end(array ? (seq === 0 ? '[]' : ']') : '');
}

/** The lines of a body as they come. The request stays open when reading ends early: its answer is still to be sent. */
async function* rowsOf(request: Request): AsyncGenerator<string> {
  request.setEncoding('latin1'); // a character for each byte, so that the bound is one of bytes
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterable<string>;
  try {
    for await (const line of linesOf(chunks, 'the request', LINE_BYTES_MAX)) {
      const text = Buffer.from(line, 'latin1').toString('utf8');
      if (text.trim() !== '') yield text;
    }
  } catch (failure) {
    if (codeOf(failure) !== 'EVPIPE_LINE_TOO_LONG') throw failure;
    throw new HttpProblem(413, `a line is larger than ${LINE_BYTES_MAX} bytes`);
  }
}

function targetOf(head: Record<string, unknown>, engine: Engine): Source {
  const target = textField(head, 'target');
  return insertTarget(engine.metastore, unquoted(target) ?? target.toUpperCase());
}

/** The name between backticks. */
const unquoted = (name: string): string | undefined => /^`(.*)`$/.exec(name)?.[1];

async function inserted(engine: Engine, source: Source, line: string, seq: number): Promise<Record<string, unknown>> {
  try {
    checkJsonDepth(line);
    await insertRow(engine, source, rowOf(source, parseJson(line)));
    return { status: 'ok', seq };
  } catch (failure) {
    const code = failure instanceof StatementError && failure.code === 40000 ? 40000 : 50000;
    return { status: 'error', seq, error_code: code, message: messageOf(failure) };
  }
}

function rowOf(source: Source, json: unknown): Map<string, Value> {
  if (!isJsonObject(json)) throw new TypeError('a JSON object is expected');
  const columns = [...source.schema.key, ...source.schema.value];
  const values = new Map<string, Value>();
  for (const [name, value] of Object.entries(json)) {
    const quoted = unquoted(name);
    const column =
      columns.find((each) => each.name === (quoted ?? name)) ??
      columns.find((each) => each.name === name.toUpperCase());
    if (column === undefined)
      throw new StatementError(`Column name \`${quoted ?? name.toUpperCase()}\` does not exist.`);
    values.set(column.name, clientReader(column.type)(value));
  }
  return values;
}
