import { expect, it } from 'vitest';
import { bothWorkers, differences, startPair } from './side-by-side.js';

const both = bothWorkers({ registry: true });

const TABLE = `CREATE TABLE rows (id uuid PRIMARY KEY, day date NOT NULL, assets bigint NOT NULL DEFAULT 7, small smallint, amount numeric(10,2) NOT NULL,
  note text DEFAULT 'n', at timestamptz, flags boolean[], raw bytea, real real, double float8 NOT NULL DEFAULT 1.5, free numeric)`;
const ROWS = [
  `INSERT INTO rows VALUES ('00000000-0000-0000-0000-000000000001', '2024-02-29', -9007199254740993, 3, -12.34, 'x', '2024-01-01Z', '{t,NULL}', '\\x00ff', 0.1, 1e100, 1.50)`,
  `INSERT INTO rows (id, day, amount, note) VALUES ('00000000-0000-0000-0000-000000000002', '1969-12-31', 0, NULL)`,
];

async function written(prefix: string): Promise<unknown[]> {
  const topics = (await both.world.kafka.listTopics())
    .map((topic) => topic.name)
    .filter((name) => name.includes(prefix))
    .sort();
  const records = (await Promise.all(topics.map((topic) => both.world.all(topic)))).flat();
  return Promise.all(
    records.map(async ({ key, value }) => ({ key: await decoded(key, prefix), value: await decoded(value, prefix) })),
  );
}

/** The schema's text and the bytes behind the id. */
async function decoded(bytes: Buffer | null, prefix: string): Promise<unknown> {
  if (bytes === null) return null;
  const answer = await fetch(`${both.registryUrl}/schemas/ids/${bytes.readUInt32BE(1)}`);
  const { schema } = (await answer.json()) as { schema: string };
  const body = bytes.subarray(5).toString('latin1').replaceAll(prefix, 'SAME_PREFIX');
  return { schema: JSON.parse(schema.replaceAll(prefix, 'PREFIX')), body: Buffer.from(body, 'latin1').toString('hex') };
}

for (const [name, unwrapped] of [
  ['unwrapped rows', true],
  ['whole change events', false],
] as const)
  it(`writes Avro as the real converter does: ${name}`, async () => {
    const database = await both.world.database(TABLE);
    const avro = 'io.confluent.connect.avro.AvroConverter';
    await startPair(both.world, both.realUrl, database, {
      'table.include.list': 'public.rows',
      'key.converter': avro,
      'key.converter.schema.registry.url': both.registryUrl,
      'value.converter': avro,
      'value.converter.schema.registry.url': both.registryUrl,
      ...(unwrapped
        ? { transforms: 'unwrap', 'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState' }
        : {}),
    });
    for (const row of ROWS) await database.client.query(row);
    for (const side of ['real', 'ours']) await both.world.records(`${side}_${database.name}.public.rows`, 2);
    const [real, ours] = [await written(`real_${database.name}`), await written(`ours_${database.name}`)];
    // In whole events the times of processing differ: there the schemas are compared.
    const body = /\.body: /;
    expect(differences(real, ours).filter((difference) => unwrapped || !body.test(difference))).toEqual([]);
  });
