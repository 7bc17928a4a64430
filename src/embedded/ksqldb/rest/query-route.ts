import type { EventEmitter } from 'node:events';
import type { Answer } from '../../../http/api.js';
import { jsonWriter } from '../../../ksql/formats/json-writer.js';
import type { Column } from '../../../ksql/metadata/schema.js';
import { formatColumn } from '../../../ksql/metadata/schema.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { readProperties } from '../../../ksql/statements/properties.js';
import type { Statement } from '../../../protocol/ksql/ast.js';
import { parseRequest, parseStatement } from '../../../protocol/ksql/parse.js';
import { formatType } from '../../../protocol/ksql/types.js';
import { substitute } from '../../../protocol/ksql/variables.js';
import type { Engine } from '../engine.js';
import { tellHeld } from '../query/gather-rows.js';
import { type OpenedQuery, openQuery, setting } from '../query/open-query.js';
import { checkEnabled, openPull, planPull } from '../query/pull-query.js';
import type { ResultRow } from '../runtime/transient-query.js';
import { AnswerText } from './answer-text.js';
import { statementFailure } from './errors.js';
import { openPrint, type PrintedTopic } from './print.js';
import { DELIMITED, jsonObject, jsonType, type KsqlCall, MEDIA_TYPE, objectField, textField } from './request.js';
import { readVariables } from './statements-route.js';

const notSupportedHere = (kind: string, endpoint: string, code: number): StatementError =>
  new StatementError(`Statement type \`${kind}\` not supported for this resource: use ${endpoint}`, code);

export interface Asked {
  readonly sql: string;
  readonly properties: Map<string, string>;
}

export function readQuery(
  body: Record<string, unknown>,
  field: 'ksql' | 'sql',
  sent = objectField(body, 'streamsProperties'),
): Asked {
  const text = textField(body, field);
  const properties = readProperties(sent);
  return {
    sql: substitute(text, { variables: readVariables(objectField(body, 'sessionVariables')), properties }),
    properties,
  };
}

export function oneStatement(sql: string): Statement {
  const statements = parseRequest(sql);
  const [statement] = statements;
  if (statement !== undefined && statements.length === 1) return statement;
  throw new StatementError(`Expected exactly one KSQL statement; found ${statements.length} instead`);
}

/**
 * What a request asks for: the rows of a SELECT, or the lines of a PRINT where it may. Throws what the statement is refused for,
 * `code` where it is neither.
 */
export async function openRequest(engine: Engine, asked: Asked, code = 40000): Promise<OpenedQuery | PrintedTopic> {
  const { sql, properties } = asked;
  const prepared = engine.preparedPulls.find(sql);
  if (prepared !== undefined) {
    checkEnabled(setting(engine, properties));
    return openPull(engine, prepared, asked);
  }
  const statement = oneStatement(sql);
  if (statement.kind === 'print') return openPrint(engine, statement);
  if (statement.kind === 'select') return openQuery(engine, statement, properties);
  throw notSupportedHere(statement.kind, '/ksql', code);
}

/** Rows until the end. Those of a pull query are there. */
export const rowsOf = (opened: OpenedQuery, client: EventEmitter): AsyncIterable<ResultRow> | Iterable<ResultRow> =>
  opened.push ? untilClosed(opened, client) : opened.rows();

/** The client going away ends the query, however long it waits for its next row. */
async function* untilClosed(opened: OpenedQuery, response: EventEmitter): AsyncGenerator<ResultRow> {
  const stop = () => void opened.stop();
  response.once('close', stop);
  try {
    yield* opened.rows();
  } finally {
    response.off('close', stop);
    await opened.stop();
  }
}

export const writers = (columns: readonly Column[]) => columns.map(({ type }) => jsonWriter(type, 'text'));

/** POST /query. */
export async function handleQuery(call: KsqlCall, engine: Engine): Promise<Answer | undefined> {
  const body = jsonObject(call.body);
  const asked = readQuery(body, 'ksql');
  try {
    const opened = await openRequest(engine, asked);
    if (typeof opened === 'function') await answerLines(call, opened);
    else await answerRows(call, asked, opened, jsonType(call));
    return undefined;
  } catch (failure) {
    if (call.response.headersSent) throw failure;
    return statementFailure(failure, asked.sql, []);
  }
}

async function answerLines({ response }: KsqlCall, lines: PrintedTopic): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.flushHeaders();
  const text = new AnswerText(response);
  for await (const line of lines(closedSignal(response))) await text.write(`${line}\n`);
  text.end('');
}

/** Aborted once the client is gone. */
export function closedSignal(client: EventEmitter): AbortSignal {
  const gone = new AbortController();
  client.once('close', () => gone.abort());
  return gone.signal;
}

/** One JSON array of header, rows and, where it ends, a final message. */
async function answerRows(
  { response }: KsqlCall,
  asked: Asked,
  opened: OpenedQuery,
  contentType: string,
): Promise<void> {
  response.setHeader('content-type', contentType);
  const text = new AnswerText(response);
  const schema = opened.columns
    .map((column) => (column.key ? `${formatColumn(column)} KEY` : formatColumn(column)))
    .join(', ');
  // A push query's client reads lines: each element ends its own line, and the last one is the final message.
  const { push } = opened;
  const separate = (element: string): string => (push ? `${element},\n` : `,\n${element}`);
  const header = JSON.stringify({ header: { queryId: opened.id, schema } });
  text.write(push ? `[${header},\n` : `[${header}`);
  const print = writers(opened.columns);
  try {
    for await (const { values, tombstone } of rowsOf(opened, response)) {
      const columns = `[${values.map((value, at) => print[at]?.(value)).join(',')}]`;
      await text.write(separate(`{"row":{"columns":${columns}${tombstone ? ',"tombstone":true' : ''}}}`));
    }
    const finalMessage = opened.endMessage();
    const last = finalMessage === undefined ? '' : JSON.stringify({ finalMessage });
    text.end(push || last === '' ? `${last}]\n` : `,\n${last}]\n`);
  } catch (failure) {
    const error = JSON.stringify({ errorMessage: statementFailure(failure, asked.sql, []).body });
    text.end(push ? `${error}]\n` : `,\n${error}]\n`);
  }
}

/** POST /query-stream: a line of metadata, then a line a row; or one JSON array, or the form of /query, where the client takes only that. */
export async function handleQueryStream(call: KsqlCall, engine: Engine): Promise<Answer | undefined> {
  const { response } = call;
  const body = jsonObject(call.body);
  // The page of this endpoint calls them `properties`, and `streamsProperties` in its example.
  const asked = readQuery(body, 'sql', objectField(body, 'properties'));
  let opened: OpenedQuery | PrintedTopic;
  try {
    opened = await openRequest(engine, asked, 40001);
    if (typeof opened === 'function') throw notSupportedHere('print', '/query', 40001);
  } catch (failure) {
    return statementFailure(failure, asked.sql, []);
  }
  const accept = call.headers.accept ?? '';
  if (accept.includes(MEDIA_TYPE) && !accept.includes(DELIMITED)) {
    await answerRows(call, asked, opened, MEDIA_TYPE);
    return undefined;
  }
  const array = accept.includes('application/json') && !accept.includes(DELIMITED);
  response.setHeader('content-type', array ? 'application/json' : DELIMITED);
  const text = new AnswerText(response);
  const header = JSON.stringify({
    queryId: opened.id,
    columnNames: opened.columns.map(({ name }) => name),
    columnTypes: opened.columns.map(({ type }) => formatType(type)),
  });
  text.write(array ? `[${header}` : `${header}\n`);
  const print = writers(opened.columns);
  try {
    for await (const { values } of rowsOf(opened, response)) {
      const row = `[${values.map((value, at) => print[at]?.(value)).join(',')}]`;
      await text.write(array ? `,\n${row}` : `${row}\n`);
    }
    text.end(array ? ']' : '');
  } catch (failure) {
    const error = JSON.stringify(statementFailure(failure, asked.sql, []).body);
    text.end(array ? `,\n${error}]` : `${error}\n`);
  }
  return undefined;
}

/** What this engine holds of the answer to a pull query that another one was asked. */
export async function handleHeldRows(call: KsqlCall, engine: Engine): Promise<Answer> {
  const body = jsonObject(call.body);
  const { sql, properties } = readQuery(body, 'sql', objectField(body, 'properties'));
  const statement = parseStatement(sql);
  if (statement.kind !== 'select') throw new StatementError('a pull query is expected', 40001);
  const source = engine.metastore.queried(statement.query.from.name);
  return { status: 200, body: await tellHeld(planPull(engine, statement, source, setting(engine, properties))) };
}

/** POST /close-query {queryId}. */
export async function handleCloseQuery({ body }: KsqlCall, engine: Engine): Promise<Answer> {
  const queryId = textField(jsonObject(body), 'queryId');
  const query = engine.transient.get(queryId);
  if (query === undefined) throw new StatementError(`No query with id ${queryId}`, 40000);
  await query.stop();
  return { status: 200 };
}
