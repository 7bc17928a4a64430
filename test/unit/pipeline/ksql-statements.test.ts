import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { KINDS } from '../../../src/kinds/table.js';
import { examineEveryProfile } from '../../../src/pipeline/load.js';
import { textOf, Workspace } from './workspace.js';

/** One AVRO subject that a stream takes its columns from, and one query. */
const FILE = `version: 1
name: shop
topics: { orders: {}, totals: {} }
schemas: { subjects: { orders-value: order.avsc } }
ksqldb: { migrations: ksql }
`;
const SCHEMA =
  '{"type":"record","name":"Order","fields":[{"name":"id","type":"long"},{"name":"price","type":"double"}]}';
const STREAM = "CREATE STREAM orders WITH (KAFKA_TOPIC = 'orders', VALUE_FORMAT = 'AVRO');\n";
const query = (select: string): string =>
  `CREATE STREAM totals WITH (KAFKA_TOPIC = 'totals')\n  AS SELECT ${select} FROM orders;\n`;

describe('ksql statements', () => {
  const workspace = new Workspace();
  afterEach(() => workspace.remove());

  const write = (select: string): void => {
    rmSync(workspace.folder, { recursive: true, force: true });
    workspace.write('evpipe.yaml', FILE);
    workspace.write('order.avsc', SCHEMA);
    workspace.write(join('ksql', 'V000001__orders.sql'), STREAM);
    workspace.write(join('ksql', 'V000002__totals.sql'), query(select));
  };

  it('are valid where they fit the declared schemas', async () => {
    write('id, price * 2 AS doubled');
    const { pipeline, problems } = await workspace.examine();
    expect(problems.filter(({ code }) => code === 'ksql-statement')).toEqual([]);
    expect(pipeline?.name).toBe('shop');
  });

  it.each([
    ['id, prize', "ksql/V000002__totals.sql:2:17 error ksql-statement: SELECT column 'PRIZE' cannot be resolved."],
    [
      'id, PRISE(price)',
      "ksql/V000002__totals.sql:2:17 error ksql-statement: Can't find any functions with the name 'PRISE'",
    ],
  ])('SELECT %s is refused with its place', async (select, expected) => {
    write(select);
    const { pipeline, problems } = await workspace.examine();
    expect(problems.map(textOf)).toContain(expected);
    expect(pipeline).toBeUndefined();
  });

  it('are warned of where the server is not the embedded one', async () => {
    write('id, prize');
    workspace.write('evpipe.yaml', `${FILE}targets: { here: { ksqldb: { url: "http://localhost:8088" } } }\n`);
    const { pipeline, problems } = await workspace.examine({ target: 'here' });
    expect(problems.map(textOf)).toContain(
      "ksql/V000002__totals.sql:2:17 warning ksql-statement: SELECT column 'PRIZE' cannot be resolved.",
    );
    expect(pipeline?.name).toBe('shop');
  });

  it('are examined with each profile', async () => {
    write('id');
    workspace.write(
      'evpipe.yaml',
      `${FILE}profiles: { other: { schemas: { subjects: { orders-value: other.avsc } } } }\n`,
    );
    workspace.write('other.avsc', SCHEMA.replace('"id"', '"number"'));
    const options = { files: ['evpipe.yaml'], profiles: [], env: {}, cwd: workspace.folder };
    expect((await examineEveryProfile(options, KINDS)).profileProblems.map(textOf)).toEqual([
      "ksql/V000002__totals.sql:2:13 error ksql-statement: SELECT column 'ID' cannot be resolved. (with --profile other)",
    ]);
  });
});
