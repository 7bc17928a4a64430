import { describe, expect, it } from 'vitest';
import { OfflineEngine } from '../../../../src/embedded/ksqldb/offline/offline-engine.js';
import { silentLog } from '../../../../src/support/log.js';

/** A table of counts by a key of a type, which holds these keys, once a pull query has been asked. */
async function tableOf(type: 'STRING' | 'INT' | 'BIGINT', keys: readonly string[], asked: string) {
  const offline = new OfflineEngine({ log: silentLog });
  await offline.kafka.createTopic({ name: 's', partitions: 1 });
  await offline.execute(
    `CREATE STREAM S (K ${type} KEY, A INT) WITH (KAFKA_TOPIC='s', KEY_FORMAT='JSON', VALUE_FORMAT='JSON');
     CREATE TABLE C AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;`,
    { 'auto.offset.reset': 'earliest' },
  );
  for (const key of keys)
    await offline.produce({ topic: 's', partition: 0, key: Buffer.from(key), value: Buffer.from('{"A":1}') });
  await offline.query(asked);
  return async (sql: string) => {
    const held = await offline.engine.preparedPulls.find(sql)?.local();
    return held?.rows.map(({ values }) => values);
  };
}

describe('a pull query that differs from an earlier one only in its key', () => {
  it('is answered for that key', async () => {
    const rows = await tableOf('STRING', ['"a"', '"b"', '"b"'], "SELECT N, K FROM C WHERE K = 'a'");
    expect(await rows("SELECT N, K FROM C WHERE K = 'b';")).toEqual([[2n, 'b']]);
    expect(await rows("SELECT N, K FROM C WHERE K = 'none';")).toEqual([]);
    expect(await rows("SELECT N FROM C WHERE K = 'b';")).toBeUndefined();
    expect(await rows("SELECT N, K FROM C WHERE K = 'b' AND N > 5;")).toBeUndefined();
  });

  it.each([["''"], ["it''s"], ["''''"], ["it''s ''"], ['--'], ['/*']])(
    'takes %s for the text that it is',
    async (text) => {
      const key = text.replaceAll("''", "'");
      const rows = await tableOf('STRING', [JSON.stringify(key)], "SELECT * FROM C WHERE K = ''");
      expect(await rows(`SELECT * FROM C WHERE K = '${text}';`)).toEqual([[key, 1n]]);
    },
  );

  it.each(["K = 'b' OR K = 'a'", "K = 'a'; SELECT * FROM C WHERE K = 'b'", "K = 'a' -- 'b'", "K = ''a'"])(
    'is not taken for one that ends as it does: %s',
    async (where) => {
      const rows = await tableOf('STRING', ['"a"', '"b"'], "SELECT * FROM C WHERE K = 'a'");
      expect(await rows(`SELECT * FROM C WHERE ${where};`)).toBeUndefined();
    },
  );

  it.each(['INT', 'BIGINT'] as const)('may have a key of type %s', async (type) => {
    const rows = await tableOf(type, ['7', '2147483647'], 'SELECT * FROM C WHERE K = 12');
    expect(await rows('SELECT * FROM C WHERE K = 7;')).toHaveLength(1);
    expect(await rows('SELECT * FROM C WHERE K = 2147483647;')).toHaveLength(1);
    // What the parser alone can read, or the plan alone can judge, is left to them.
    for (const key of ["'7'", '-7', '7.0', '7e0', '2 + 7', 'x7'])
      expect(await rows(`SELECT * FROM C WHERE K = ${key};`)).toBeUndefined();
    expect(await rows('SELECT * FROM C WHERE K = 9999999999;')).toEqual(type === 'INT' ? undefined : []);
  });
});
