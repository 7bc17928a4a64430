// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${name} is the language's own syntax
import { describe, expect, it } from 'vitest';
import { statementEffects } from '../../../../src/protocol/ksql/effects.js';
import { formatExpression } from '../../../../src/protocol/ksql/format.js';
import { parseStatement, parseStatements, splitStatements } from '../../../../src/protocol/ksql/parse.js';
import { parseTypeText } from '../../../../src/protocol/ksql/parse-type.js';
import { formatType } from '../../../../src/protocol/ksql/types.js';

const messageOf = (sql: string): string => {
  try {
    parseStatements(sql);
  } catch (failure) {
    return (failure as Error).message;
  }
  return 'no error';
};

const expressionOf = (sql: string): string => {
  const statement = parseStatement(`SELECT ${sql} FROM S;`);
  if (statement.kind !== 'select') throw new Error('not a select');
  const [item] = statement.query.select;
  if (item?.kind !== 'expression') throw new Error('not an expression');
  return formatExpression(item.expression);
};

describe('splitting a script', () => {
  it('cuts at semicolons but not in strings, names and comments', () => {
    const stream = "CREATE STREAM `a;b` (X INT) WITH (KAFKA_TOPIC='${t}')";
    const script =
      "-- one; two\nSET 'a;b' = 'it''s;';\n/* ; */ CREATE STREAM `a;b` (X INT) WITH (KAFKA_TOPIC='${t}') ;\n  LIST TOPICS";
    expect(splitStatements(script)).toEqual([
      { text: "SET 'a;b' = 'it''s;'", written: "SET 'a;b' = 'it''s;';", line: 2, column: 1 },
      { text: stream, written: `${stream} ;`, line: 3, column: 9 },
      { text: 'LIST TOPICS', written: 'LIST TOPICS', line: 4, column: 3 },
    ]);
  });
  it('finds nothing in comments alone', () => {
    expect(splitStatements('-- nothing;\n/* here; */')).toEqual([]);
  });
});

describe('every statement is read', () => {
  it.each([
    'SELECT * FROM S EMIT CHANGES LIMIT 5',
    "SELECT A, S.B AS C, D->E F, G->* , S.* FROM S WHERE A > 1 AND NOT B LIKE 'a!%' ESCAPE '!' EMIT CHANGES",
    'SELECT K, COUNT(*) FROM S WINDOW TUMBLING (SIZE 1 HOUR, RETENTION 2 DAYS, GRACE PERIOD 10 MINUTES) GROUP BY K HAVING COUNT(*) > 2 EMIT FINAL',
    'SELECT K, COUNT(*) FROM S WINDOW W SESSION (30 SECONDS) GROUP BY (K, L) EMIT CHANGES',
    'SELECT * FROM A INNER JOIN B WITHIN (1 HOUR, 2 HOURS) GRACE PERIOD 1 DAY ON A.ID = B.ID LEFT OUTER JOIN C ON B.X = C.ID EMIT CHANGES',
    "CREATE OR REPLACE STREAM X WITH (KAFKA_TOPIC='x') AS SELECT * FROM S PARTITION BY A",
    "CREATE SOURCE TABLE IF NOT EXISTS X (ID BIGINT PRIMARY KEY, V MAP<STRING, ARRAY<DECIMAL(4,2)>>) WITH (KAFKA_TOPIC='x', FORMAT='JSON')",
    "CREATE STREAM X (H ARRAY<STRUCT<K STRING, V BYTES>> HEADERS, T BYTES HEADER('t')) WITH (KAFKA_TOPIC='x')",
    "CREATE SOURCE CONNECTOR IF NOT EXISTS `a-b` WITH ('connector.class'='x', \"tasks.max\"=1)",
    "CREATE SINK CONNECTOR C WITH ('a'='b')",
    'CREATE TYPE IF NOT EXISTS ADDRESS AS STRUCT<STREET VARCHAR(20), NO INT>',
    'INSERT INTO X SELECT A FROM S EMIT CHANGES',
    "INSERT INTO X WITH (QUERY_ID='q') SELECT A FROM S",
    "INSERT INTO X (A, B) VALUES (-1, STRUCT(C := 'x'))",
    'DROP STREAM IF EXISTS X DELETE TOPIC',
    'DROP CONNECTOR IF EXISTS "c"',
    'DROP TYPE T',
    'ALTER STREAM X ADD COLUMN A INT, ADD B STRING',
    "ALTER SYSTEM 'a' = 'b'",
    'TERMINATE ALL',
    'TERMINATE CSAS_X_1',
    'PAUSE CSAS_X_1',
    'RESUME ALL',
    "SET 'a' = 'b'",
    "UNSET 'a'",
    "DEFINE a = 'b'",
    'UNDEFINE a',
    'SHOW PROPERTIES',
    'SHOW ALL TOPICS EXTENDED',
    'LIST STREAMS EXTENDED',
    'SHOW TABLES',
    'SHOW QUERIES EXTENDED',
    'LIST SOURCE CONNECTORS',
    'SHOW CONNECTOR PLUGINS',
    'SHOW TYPES',
    'SHOW VARIABLES',
    'SHOW FUNCTIONS',
    'DESCRIBE X EXTENDED',
    'DESCRIBE STREAMS',
    'DESCRIBE FUNCTION TOPK',
    'DESCRIBE CONNECTOR C',
    "PRINT 'my-topic' FROM BEGINNING INTERVAL 2 LIMIT 3",
    'EXPLAIN CSAS_X_1',
    'EXPLAIN SELECT * FROM S EMIT CHANGES',
    'ASSERT TOPIC t WITH (PARTITIONS=1) TIMEOUT 3 SECONDS',
    "ASSERT NOT EXISTS SCHEMA SUBJECT 's' ID 3 TIMEOUT 1 SECOND",
  ])('%s', (sql) => {
    const [statement, more] = parseStatements(`/* before */ ${sql}; -- after`);
    expect(statement?.text).toBe(sql);
    expect(more).toBeUndefined();
  });
});

describe('expressions bind as in SQL', () => {
  it.each([
    ['1 + 2 * -3', '(1 + (2 * -3))'],
    ['a or b and not c = d', '(A OR (B AND (NOT (C = D))))'],
    ["a || b = 'x'", "((A || B) = 'x')"],
    ['a not between 1 and 2 + 1', '(NOT (A BETWEEN 1 AND (2 + 1)))'],
    ['a is not distinct from b', '(A IS NOT DISTINCT FROM B)'],
    ['case when a then 1 else 2 end', '(CASE WHEN A THEN 1 ELSE 2 END)'],
    ['transform(m, (k, v) => v + 1, x => x)', 'TRANSFORM(M, (K, V) => (V + 1), (X) => X)'],
    ['s.`a b`->c[1]->d', 'S.`a b`->C[1]->D'],
    ["struct(`id` := ID, x := map('a' := array[1]))", "STRUCT(`id`:=ID, X:=MAP('a':=ARRAY[1]))"],
    ['dateadd(days, 2, d)', 'DATEADD(DAYS, 2, D)'],
    ["timestamp '2020-01-01'", "TIMESTAMP '2020-01-01'"],
    ['cast(1.10 as decimal(4, 2))', 'CAST(1.10 AS DECIMAL(4, 2))'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['${x} + 1', '(${x} + 1)'],
  ])('%s', (sql, printed) => {
    expect(expressionOf(sql)).toBe(printed);
  });
});

describe('syntax errors name the place and what was expected', () => {
  it.each([
    ['create stream foo a select * from bar;', "line 1:19: Syntax Error\nExpecting {';', '(', 'WITH'}"],
    ['describe functiii concat;', "line 1:19: Syntax Error\nExpecting ';'"],
    [
      'SELECT A FROM B WHERE C = 1 GROUPE BY A;',
      "line 1:29: Syntax Error\nSyntax error at or near 'GROUPE' at line 1:29",
    ],
    ['SELECT A FROM B WHERE C == 1;', "line 1:26: Syntax Error\nSyntax error at or near '=' at line 1:26"],
    ["CREATE STREAM S WITH (A='x' B=1);", "line 1:29: Syntax Error\nExpecting {')', ','}"],
    ['CREAT STREAM X;', "line 1:1: Syntax Error\nUnknown statement 'CREAT'\nDid you mean 'CREATE'?"],
    ['LIST TOPICS;\n  DROP STREAM ;', "line 2:15: Syntax Error\nExpecting {'IF', IDENTIFIER}"],
    ["SELECT 'a FROM B;", "line 1:8: Syntax Error\nThe string is not closed: ' is missing"],
    ['SELECT STRUCT(A AS B) FROM S;', "line 1:17: Syntax Error\nExpecting ':='"],
  ])('%s', (sql, message) => {
    const found = messageOf(sql);
    expect(found).toBe(message);
  });
});

describe('types', () => {
  it('come back as ksqlDB prints them', () => {
    expect(formatType(parseTypeText('struct<a varchar, `b` array<map<string, decimal(4,2)>>>'))).toBe(
      'STRUCT<`A` STRING, `b` ARRAY<MAP<STRING, DECIMAL(4, 2)>>>',
    );
  });
});

// The engine goes down all of these by recursion: "Maximum call stack size exceeded" was its answer to some thousands.
describe('a statement that nests without end', () => {
  const nested: Readonly<Record<string, (levels: number) => string>> = {
    parentheses: (levels) => `${'('.repeat(levels)}a${')'.repeat(levels)}`,
    calls: (levels) => `${'ABS('.repeat(levels)}a${')'.repeat(levels)}`,
    cases: (levels) => `${'CASE WHEN a = 1 THEN '.repeat(levels)}1${' END'.repeat(levels)}`,
    signs: (levels) => `${'- '.repeat(levels)}a`,
    sums: (levels) => `a${' + 1'.repeat(levels)}`,
    conditions: (levels) => `a = 1${' OR a = 1'.repeat(levels)}`,
    subscripts: (levels) => `a${'[1]'.repeat(levels)}`,
    types: (levels) => `CAST(a AS ${'ARRAY<'.repeat(levels)}INT${'>'.repeat(levels)})`,
    'types behind each other': (levels) => `CAST(a AS INT${' ARRAY'.repeat(levels)})`,
  };

  it.each(Object.entries(nested))('is refused with its place, whether by %s or otherwise', (_, expression) => {
    expect(messageOf(`SELECT ${expression(400)} FROM s;`)).toBe('no error');
    expect(messageOf(`SELECT ${expression(3_000)} FROM s;`)).toMatch(
      /^line 1:\d+: Syntax Error\nThe statement nests deeper than 500 levels$/,
    );
  });
});

describe('effects of a statement', () => {
  it('tells that value columns come from the registry', () => {
    const effects = statementEffects(
      parseStatement("CREATE STREAM rows (`key` VARCHAR KEY) WITH (KAFKA_TOPIC='cdc', VALUE_FORMAT='AVRO')"),
    );
    expect(effects.infersFrom).toEqual(['cdc-value']);
    expect(effects.creates).toEqual({ kind: 'stream', name: 'ROWS', topic: 'cdc' });
  });
  it('tells what a query reads and writes', () => {
    const effects = statementEffects(
      parseStatement('CREATE TABLE T AS SELECT A.K, COUNT(*) FROM A JOIN B ON A.K = B.K GROUP BY A.K'),
    );
    expect(effects).toMatchObject({ readsSources: ['A', 'B'], writesSource: 'T', startsQuery: 'CTAS_T' });
  });
  it('gives the config of a connector', () => {
    const effects = statementEffects(
      parseStatement("CREATE SOURCE CONNECTOR `a-b` WITH ('tasks.max'=1, 'x'='${routedByValue}')"),
    );
    expect(effects.creates).toEqual({
      kind: 'connector',
      type: 'SOURCE',
      name: 'a-b',
      config: { 'tasks.max': '1', x: '${routedByValue}' },
    });
  });
});
