import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diffLines, diffText } from '../../../src/operations/ksql-test-diff.js';
import { type KsqlTestResult, runKsqlTest } from '../../../src/operations/test-ksql.js';
import { readKsqlTests } from '../../../src/pipeline/ksql-test-file.js';

const STATEMENTS = `CREATE STREAM s (id INT KEY, price DECIMAL(6,4)) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
CREATE STREAM o AS SELECT id, price * 2 AS twice FROM s WHERE price > 1;
CREATE TABLE w AS SELECT id, COUNT(*) AS n FROM s WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY id;
`;

describe('test-ksql', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evpipe-test-ksql-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const run = async (files: Readonly<Record<string, string>>, path = ''): Promise<KsqlTestResult[]> => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const results: KsqlTestResult[] = [];
    for (const test of readKsqlTests(join(folder, path))) results.push(await runKsqlTest(test));
    return results;
  };
  const yaml = (cases: string): string => `statements: |\n${STATEMENTS.replace(/^/gm, '  ')}\ncases:\n${cases}`;

  it('runs the three files of ksqlDB’s test runner, with typed keys and windows', async () => {
    const [result] = await run({
      'statements.sql': STATEMENTS,
      'input.json': '{"inputs":[{"topic":"s","key":7,"value":{"PRICE":1.5000},"timestamp":12000}]}',
      'output.json': `{"outputs":[
        {"topic":"O","key":7,"value":{"TWICE":3.0000},"timestamp":12000},
        {"topic":"W","key":7,"value":{"N":1},"timestamp":12000,"window":{"start":10000,"end":20000,"type":"time"}}]}`,
    });
    expect(result).toMatchObject({ outcome: 'passed', message: '' });
  });

  it('runs the cases of a YAML file, whose numbers keep their digits', async () => {
    const results = await run({
      'prices.yaml': yaml(`
  - name: right
    inputs: [{ topic: s, key: 1, value: { price: 1.1000 }, timestamp: 5 }]
    outputs: [{ topic: O, key: 1, value: { twice: 2.2000 }, timestamp: 5 }]
    queries: [{ sql: "SELECT id, n FROM w WHERE id = 1;", rows: [[1, 1]] }]
  - name: wrong
    inputs: [{ topic: s, key: 1, value: { price: 2 } }, { topic: s, key: 2, value: { price: 3 } }]
    outputs: [{ topic: O, key: 1, value: { twice: 4 } }, { topic: O, key: 2, value: { twice: 7 } }]
`),
    });
    expect(results[0]).toMatchObject({ name: 'right', outcome: 'passed' });
    expect(results[1]).toMatchObject({ name: 'wrong', outcome: 'failure', message: 'differs in O' });
    expect(results[1]?.detail).toBe('O\n  1  {"TWICE":4.0000}\n- 2  {"TWICE":7.0000}\n+ 2  {"TWICE":6.0000}');
  });

  it('expects refusals, and names line and column of one that was not expected', async () => {
    await mkdir(join(folder, 'sql'));
    await writeFile(join(folder, 'sql', 'V1__bad.sql'), '-- a comment\nCREATE STREAM x AS\n  SELECT * FROM nowhere;\n');
    const results = await run({
      'refused.yaml':
        'migrations: sql\ncases:\n  - { name: expected, refused: NOWHERE does not exist }\n  - { name: not expected }\n',
    });
    expect(results[0]).toMatchObject({ outcome: 'passed' });
    expect(results[1]).toMatchObject({
      outcome: 'error',
      message: 'NOWHERE does not exist.',
      location: { file: join(folder, 'sql', 'V1__bad.sql'), line: 3, column: 17 },
    });
  });

  it('takes keys of records whose stream has no key column', async () => {
    const [result] = await run({
      'keyless.yaml': `statements: |
  CREATE STREAM n (v INT) WITH (KAFKA_TOPIC='n', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE STREAM m AS SELECT v + 1 AS w FROM n;
cases:
  - name: keyless
    inputs: [{ topic: n, key: any, value: { v: 1 } }, { topic: n, key: 7, value: { v: 2 } }]
    outputs: [{ topic: M, key: null, value: { w: 2 } }, { topic: M, key: null, value: { w: 3 } }]
`,
    });
    expect(result).toMatchObject({ outcome: 'passed', message: '' });
  });

  it('says which column a record has too much', async () => {
    const [result] = await run({
      'typo.yaml': yaml('  - { name: typo, inputs: [{ topic: s, key: 1, value: { prize: 1 } }] }\n'),
    });
    expect(result).toMatchObject({ outcome: 'error', message: 'there is no column prize; there are PRICE' });
  });

  it('refuses a file without cases with its place', () => {
    expect(() => readKsqlTests(join(folder, 'nothing.yaml'))).toThrow('there is no such file or folder');
  });

  it.each(['pizza-orders', 'person-planning'])('passes for the migrations of %s', async (pipeline) => {
    for (const test of readKsqlTests(join(import.meta.dirname, '../../../pipelines', pipeline, 'ksql-tests')))
      expect(await runKsqlTest(test)).toMatchObject({ outcome: 'passed', message: '', detail: '' });
  });
});

describe('differences', () => {
  it('align what is equal', () => {
    expect(diffText(diffLines(['a', 'b', 'c'], ['a', 'x', 'c', 'd']))).toBe('  a\n- b\n+ x\n  c\n+ d');
  });
});
