import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../src/ksql/expressions/compile.js';
import type { CompileContext } from '../../../src/ksql/expressions/compiled.js';
import { jsonWriter } from '../../../src/ksql/formats/json-writer.js';
import { parseStatement } from '../../../src/protocol/ksql/parse.js';
import { formatType } from '../../../src/protocol/ksql/types.js';

const context: CompileContext = {
  scope: { sources: [], column: () => undefined },
  world: { now: () => 1234, random: () => 0.5 },
  types: new Map(),
};
const row = { key: [], value: [], timestampMs: 0, partition: 0, offset: 0n, headers: [], window: undefined };

function evaluate(sql: string): { type: string; value: string } {
  const statement = parseStatement(`SELECT ${sql} FROM S;`);
  if (statement.kind !== 'select') throw new Error('not a select');
  const [item] = statement.query.select;
  if (item?.kind !== 'expression') throw new Error('not an expression');
  const { type, evaluate: run } = compile(item.expression, context);
  if (type === undefined) return { type: 'NULL', value: 'null' };
  return { type: formatType(type), value: jsonWriter(type)(run(row)) };
}

const cases = ['expressions', 'functions', 'types', 'more-functions', 'documented-functions']
  .flatMap((file) => readFileSync(new URL(`./expressions/${file}.txt`, import.meta.url), 'utf8').split('\n'))
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(' :: ') as [string, string, string]);

describe('expressions have the types and values that ksqlDB documents', () => {
  it.each(cases)('%s', (sql, type, value) => {
    expect(evaluate(sql)).toEqual({ type, value });
  });
});

describe('expressions without a value are an error of that row, which ksqlDB makes null', () => {
  it.each([
    ['ROUND(1E308 * 10, 1)', 'Infinity has no digits to round'],
    ['TRUNC(ACOS(2), 1)', 'NaN has no digits to round'],
    ["LPAD('a', 2147483647, 'b')", 'the result would have 2147483647 elements; 10000000 are the limit'],
    ['CASE WHEN CAST(NULL AS BOOLEAN) THEN 1 ELSE 2 END', 'WHEN operand is null: CAST(null AS BOOLEAN)'],
    ['GENERATE_SERIES(1, 2147483647)', 'the result would have 2147483647 elements; 10000000 are the limit'],
    ["FORMAT_TIMESTAMP(FROM_UNIXTIME(0), 'yyyy', '-')", 'Invalid time zone specified: -'],
  ])('%s', (sql, message) => {
    expect(() => evaluate(sql)).toThrow(message);
  });
});

describe('expressions that mean nothing are refused', () => {
  it.each([
    ['A + 1', "Line: 1, Col: 8: Column 'A' cannot be resolved."],
    ['NO_SUCH(1)', "Can't find any functions with the name 'NO_SUCH'"],
    ["1 + 'a'", "Error processing expression: (1 + 'a'). Unsupported arithmetic types. INTEGER STRING"],
    ['UCASE(1)', "Function 'UCASE' does not accept parameters (INTEGER).\nValid alternatives are:\nUCASE(STRING)"],
  ])('%s', (sql, message) => {
    expect(() => evaluate(sql)).toThrow(message);
  });
});
