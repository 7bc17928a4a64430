import type { KsqldbClient } from '../../clients/ksqldb/client.js';
import { statementEffects } from '../../protocol/ksql/effects.js';
import { parseStatement } from '../../protocol/ksql/parse.js';
import { formatType, quoteText, type SqlType } from '../../protocol/ksql/types.js';
import { isInternalTopic } from './cluster.js';

/** A migration file to be: its name without number, and its text. */
export interface FoundMigration {
  readonly name: string;
  readonly text: string;
}

interface Node extends FoundMigration {
  /** Types, streams and tables that have to be there before. */
  readonly needs: readonly string[];
  /** What it makes; undefined for an INSERT INTO. */
  readonly makes: string | undefined;
}

interface SourceDescription {
  readonly name: string;
  readonly topic: string;
  readonly statement: string;
}

interface Schema {
  readonly type: string;
  readonly fields?: ReadonlyArray<{ readonly name: string; readonly schema: Schema }> | null;
  readonly memberSchema?: Schema | null;
  readonly parameters?: Readonly<Record<string, number>> | null;
}

/** Types, streams, tables and INSERT INTO queries as migrations, each after what it needs. One statement each. */
export async function readMigrations(ksqldb: KsqldbClient): Promise<readonly FoundMigration[]> {
  const queries = await ksqldb.runningQueries();
  const properties = async (startsQuery: string): Promise<string> => {
    const query = queries.find(({ id }) => id === startsQuery || id.startsWith(`${startsQuery}_`));
    return query === undefined ? '' : settingsOf(ksqldb, query.id);
  };
  const nodes: Node[] = [...(await types(ksqldb))];
  for (const { topic, statement } of await sources(ksqldb)) {
    if (isInternalTopic(topic)) continue;
    const { creates, readsSources, startsQuery } = statementEffects(parseStatement(statement));
    const kind = creates?.kind ?? 'source';
    nodes.push({
      name: fileName(`${kind} ${creates?.name ?? ''}`),
      text: `${startsQuery === undefined ? '' : await properties(startsQuery)}${statement}\n`,
      needs: [...readsSources, ...typesIn(statement, nodes)],
      makes: creates?.name,
    });
  }
  for (const { id, text } of queries) {
    const statement = parseStatement(text);
    if (statement.kind !== 'insert-select') continue; // the query of a stream or table comes with its statement
    const { readsSources, writesSource } = statementEffects(statement);
    const needs = [...readsSources, ...(writesSource === undefined ? [] : [writesSource])];
    const ended = text.trimEnd().endsWith(';') ? text.trimEnd() : `${text.trimEnd()};`;
    const name = fileName(`insert into ${writesSource ?? ''} ${readsSources.join(' ')}`);
    nodes.push({ name, text: `${await settingsOf(ksqldb, id)}${ended}\n`, needs, makes: undefined });
  }
  return inOrderOfNeed(nodes);
}

async function sources(ksqldb: KsqldbClient): Promise<readonly SourceDescription[]> {
  const answers = await Promise.all(['STREAMS', 'TABLES'].map((kind) => ksqldb.send(`LIST ${kind} EXTENDED;`)));
  return answers
    .flat()
    .flatMap((entity) => (entity.sourceDescriptions ?? []) as readonly SourceDescription[])
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** What was SET when the query was made, where it says what is read from the start. */
async function settingsOf(ksqldb: KsqldbClient, id: string): Promise<string> {
  const [entity] = await ksqldb.send(`EXPLAIN ${id};`);
  const description = entity?.queryDescription as
    | { readonly overriddenProperties?: Record<string, unknown> }
    | undefined;
  return Object.entries(description?.overriddenProperties ?? {})
    .map(([name, value]) => `SET ${quoteText(name.replace(/^ksql\.streams\./, ''))} = ${quoteText(String(value))};\n\n`)
    .join('');
}

async function types(ksqldb: KsqldbClient): Promise<readonly Node[]> {
  const [entity] = await ksqldb.send('LIST TYPES;');
  const found = (entity?.types ?? {}) as Readonly<Record<string, Schema>>;
  return Object.entries(found).map(([name, schema]) => ({
    name: fileName(`type ${name}`),
    text: `CREATE TYPE ${name} AS ${formatType(typeOf(schema))};\n`,
    needs: [], // the server has put in what a type was made of
    makes: name,
  }));
}

const typesIn = (statement: string, nodes: readonly Node[]): readonly string[] =>
  nodes.flatMap(({ makes }) =>
    makes !== undefined && new RegExp(`\\b${makes.replace(/\W/g, '\\$&')}\\b`, 'i').test(statement) ? [makes] : [],
  );

/** A schema of the REST API as a type of a statement. */
function typeOf({ type, fields, memberSchema, parameters }: Schema): SqlType {
  const member = (): SqlType => (memberSchema == null ? { kind: 'STRING' } : typeOf(memberSchema));
  switch (type) {
    case 'STRUCT':
      return { kind: type, fields: (fields ?? []).map(({ name, schema }) => ({ name, type: typeOf(schema) })) };
    case 'ARRAY':
      return { kind: type, element: member() };
    case 'MAP':
      return { kind: type, key: { kind: 'STRING' }, value: member() };
    case 'DECIMAL':
      return { kind: type, precision: parameters?.precision ?? 38, scale: parameters?.scale ?? 10 };
    default:
      return { kind: type as Exclude<SqlType['kind'], 'STRUCT' | 'ARRAY' | 'MAP' | 'DECIMAL' | 'NAMED'> };
  }
}

/** Each after what it needs, else as they came. What is needed and not there (a dropped source) is not waited for. */
function inOrderOfNeed(nodes: readonly Node[]): readonly FoundMigration[] {
  const made = new Set(nodes.flatMap(({ makes }) => makes ?? []));
  const ordered: Node[] = [];
  let left = [...nodes];
  while (left.length > 0) {
    const done = new Set(ordered.flatMap(({ makes }) => makes ?? []));
    const ready = left.filter(({ needs, makes }) =>
      needs.every((need) => need === makes || done.has(need) || !made.has(need)),
    );
    ordered.push(...(ready.length > 0 ? ready : left));
    left = ready.length > 0 ? left.filter((node) => !ready.includes(node)) : [];
  }
  return ordered.map(({ name, text }) => ({ name, text }));
}

const fileName = (words: string): string =>
  words
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '')
    .slice(0, 80);
