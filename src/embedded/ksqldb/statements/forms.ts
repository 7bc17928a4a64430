import type { StatementKind } from '../../../protocol/ksql/ast.js';

interface StatementForm {
  readonly form: string;
  readonly meaning: string;
}

/** How each statement is written, and what it does; [ ] may be left out, | separates alternatives. */
export const STATEMENT_FORMS: Readonly<Record<StatementKind, StatementForm>> = {
  'create-source': {
    form: 'CREATE [OR REPLACE] [SOURCE] STREAM|TABLE [IF NOT EXISTS] name (column type [KEY|PRIMARY KEY|HEADERS|HEADER(name)], …) WITH (…)',
    meaning:
      'A stream or table over a topic. Columns that are left out come from the registry, where the format has one.',
  },
  'create-as-select': {
    form: 'CREATE [OR REPLACE] STREAM|TABLE [IF NOT EXISTS] name [WITH (…)] AS SELECT …',
    meaning: 'A persistent query that writes its results into a topic.',
  },
  'insert-select': {
    form: 'INSERT INTO stream [WITH (QUERY_ID = …)] SELECT …',
    meaning: 'Another persistent query that writes into a stream.',
  },
  'insert-values': { form: 'INSERT INTO name [(column, …)] VALUES (value, …)', meaning: 'One record.' },
  select: {
    form: 'SELECT … FROM name [JOIN …] [WINDOW …] [WHERE …] [GROUP BY …] [PARTITION BY …] [HAVING …] [EMIT CHANGES|FINAL] [LIMIT n]',
    meaning: 'With EMIT a push query; without it a pull query: what is there now.',
  },
  'drop-source': {
    form: 'DROP STREAM|TABLE [IF EXISTS] name [DELETE TOPIC]',
    meaning: 'Removes a stream or table and the query that fills it; its topic and schemas too where that is said.',
  },
  'alter-source': {
    form: 'ALTER STREAM|TABLE name ADD [COLUMN] column type, …',
    meaning: 'Adds columns to the value.',
  },
  'alter-system': {
    form: "ALTER SYSTEM 'property'='value'",
    meaning:
      'Sets auto.offset.reset or a property of pull queries for all requests from now on, or how much memory states may take.',
  },
  'create-type': { form: 'CREATE TYPE [IF NOT EXISTS] name AS type', meaning: 'A name for a type.' },
  'drop-type': { form: 'DROP TYPE [IF EXISTS] name', meaning: 'Removes it.' },
  terminate: { form: 'TERMINATE query|ALL', meaning: 'Ends persistent queries for good.' },
  pause: { form: 'PAUSE query|ALL', meaning: 'Pauses persistent queries.' },
  resume: { form: 'RESUME query|ALL', meaning: 'Resumes them where they stopped.' },
  'create-connector': {
    form: 'CREATE SOURCE|SINK CONNECTOR [IF NOT EXISTS] name WITH (…)',
    meaning: 'Creates a connector on the Connect worker.',
  },
  'drop-connector': { form: 'DROP CONNECTOR [IF EXISTS] name', meaning: 'Deletes a connector.' },
  'list-connectors': { form: 'LIST|SHOW [SOURCE|SINK] CONNECTORS', meaning: 'The connectors of the Connect worker.' },
  'list-connector-plugins': {
    form: 'LIST|SHOW CONNECTOR PLUGINS',
    meaning: 'The connector classes of the Connect worker.',
  },
  'describe-connector': { form: 'DESCRIBE CONNECTOR name', meaning: 'State and tasks of a connector.' },
  set: {
    form: "SET 'property'='value'",
    meaning: 'Sets a property for the statements that follow in the same request.',
  },
  unset: { form: "UNSET 'property'", meaning: 'Takes that back.' },
  define: { form: "DEFINE name='value'", meaning: 'Sets a variable for ${name} in the statements that follow.' },
  undefine: { form: 'UNDEFINE name', meaning: 'Takes that back.' },
  'list-variables': { form: 'LIST|SHOW VARIABLES', meaning: 'The variables of the request.' },
  'list-properties': { form: 'LIST|SHOW PROPERTIES', meaning: 'The properties that are set.' },
  'list-types': { form: 'LIST|SHOW TYPES', meaning: 'The names of types.' },
  'list-functions': { form: 'LIST|SHOW FUNCTIONS', meaning: 'The functions listed below.' },
  'list-streams': { form: 'LIST|SHOW STREAMS [EXTENDED]', meaning: 'The streams.' },
  'list-tables': { form: 'LIST|SHOW TABLES [EXTENDED]', meaning: 'The tables.' },
  'list-queries': { form: 'LIST|SHOW QUERIES [EXTENDED]', meaning: 'The queries that run.' },
  'list-topics': { form: 'LIST|SHOW [ALL] TOPICS [EXTENDED]', meaning: 'Kafka’s topics.' },
  'describe-source': {
    form: 'DESCRIBE name [EXTENDED]',
    meaning: 'Columns and formats of a stream or table, and the queries on it.',
  },
  'describe-sources': { form: 'DESCRIBE STREAMS|TABLES [EXTENDED]', meaning: 'The same for all.' },
  'describe-function': { form: 'DESCRIBE FUNCTION name', meaning: 'The signatures of a function.' },
  print: {
    form: 'PRINT topic [FROM BEGINNING] [INTERVAL|SAMPLE n] [LIMIT n]',
    meaning: 'The records of a topic, in the formats that their bytes look like.',
  },
  explain: {
    form: 'EXPLAIN query|statement',
    meaning: 'How a query runs, or would run: its logical plan with the expressions, its steps and their stores.',
  },
  'assert-topic': {
    form: 'ASSERT [NOT EXISTS] TOPIC name [WITH (PARTITIONS, REPLICAS)] [TIMEOUT n SECONDS]',
    meaning: 'Fails unless the topic exists, or does not.',
  },
  'assert-schema': {
    form: 'ASSERT [NOT EXISTS] SCHEMA [SUBJECT name] [ID n] [TIMEOUT n SECONDS]',
    meaning: 'The same for a schema in the registry.',
  },
};
