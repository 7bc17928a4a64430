import { describe, expect, it } from 'vitest';
import type { PartitionPosition, RecordBatch, RecordProducer } from '../../../../src/clients/kafka/contract.js';
import { MemoryKafka } from '../../../../src/embedded/ksqldb/offline/memory-kafka.js';
import { OfflineEngine } from '../../../../src/embedded/ksqldb/offline/offline-engine.js';
import { QueryRun } from '../../../../src/embedded/ksqldb/runtime/query-run.js';
import { partsOf } from '../../../../src/embedded/ksqldb/runtime/query-tasks.js';
import { silentLog } from '../../../../src/support/log.js';

const COLUMNS = 'K STRING KEY, A INT, B STRING';
const batchOf = (values: readonly string[]): RecordBatch => {
  const records = values.map((value, at) => ({
    topic: 's',
    partition: 0,
    offset: BigInt(at),
    timestampMs: 1,
    key: Buffer.from('k'),
    value: Buffer.from(value),
    headers: [],
  }));
  const end = BigInt(records.length);
  return { topic: 's', partition: 0, records, nextOffset: end, highWatermark: end, lastStableOffset: end };
};

/** A run of one query whose producer has room, or fails, as the test says; what it writes and commits is noted. */
async function runOf(sql: string, room: () => Promise<void> | undefined) {
  const offline = new OfflineEngine({ log: silentLog });
  for (const name of ['s', 't']) await offline.kafka.createTopic({ name, partitions: 1 });
  await offline.execute(`CREATE STREAM S (${COLUMNS}) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON'); ${sql}`);
  const [query] = offline.engine.queries.values();
  if (query === undefined) throw new Error('there is no query');
  const written: string[] = [];
  const committed: PartitionPosition[] = [];
  class Slow extends MemoryKafka {
    override async offsets(topic: string) {
      return [{ topic, partition: 0, offset: 0n }];
    }

    override async commitOffsets(_group?: string, positions: readonly PartitionPosition[] = []) {
      committed.push(...positions);
    }

    override producer(): RecordProducer {
      return { ...super.producer(), append: ({ value }) => written.push(String(value)), room };
    }
  }
  const kafka = new Slow(() => 0);
  for (const name of ['s', 't']) await kafka.createTopic({ name, partitions: 1 });
  const [part] = await partsOf({ ...query.options, kafka });
  if (part === undefined) throw new Error('the query has no part');
  return { run: await QueryRun.open(part, new AbortController().signal), written, committed };
}

const FILTER = 'CREATE STREAM OUT AS SELECT K, A FROM S WHERE A > 0;';
const JOIN = `CREATE TABLE T (K STRING PRIMARY KEY, C INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', PARTITIONS=1);
  CREATE STREAM OUT AS SELECT S.K AS K, A, C FROM S LEFT JOIN T ON S.K = T.K;`;
const TIMED = `CREATE STREAM OUT WITH (TIMESTAMP='B', TIMESTAMP_FORMAT='yyyy') AS SELECT K, A, B FROM S;`;
const offsetsOf = (positions: readonly PartitionPosition[]) => positions.map(({ offset }) => offset);

describe('one run of a query', () => {
  it('goes no further while its producer has no room, and commits exactly what it has written then', async () => {
    let open = (): void => {};
    const full = new Promise<void>((resolve) => {
      open = resolve;
    });
    let asked = 0;
    const { run, written, committed } = await runOf(FILTER, () => (++asked === 2 ? full : undefined));
    await run.process(batchOf([])); // from now on there is something to commit
    const processing = run.process(batchOf(['{"A":1}', '{"A":2}', '{"A":3}']));
    expect(written).toEqual(['{"A":1}', '{"A":2}']);
    const committing = run.commit();
    open();
    await Promise.all([processing, committing]);
    expect(written).toEqual(['{"A":1}', '{"A":2}', '{"A":3}']);
    await run.commit();
    expect(offsetsOf(committed)).toEqual([2n, 3n]);
    await run.close();
  });

  it('stops at a record after which its producer is over, and commits nothing of it', async () => {
    let asked = 0;
    const lost = () => (++asked === 2 ? Promise.reject(new Error('the broker is gone')) : undefined);
    const { run, written, committed } = await runOf(FILTER, lost);
    await expect(run.process(batchOf(['{"A":1}', '{"A":2}', '{"A":3}']))).rejects.toThrow('the broker is gone');
    expect(written).toEqual(['{"A":1}', '{"A":2}']);
    await run.close();
    expect(committed).toEqual([]);
  });

  it.each([
    ['of one topic', FILTER],
    ['of several, by their times', JOIN],
  ])('lets others have their turns within a long batch %s', async (_, sql) => {
    const { run, written } = await runOf(sql, () => undefined);
    const long = batchOf(Array.from({ length: 20_000 }, () => '{"A":1}'));
    const turns: number[] = [];
    const other = (): void => {
      turns.push(written.length);
      if (turns.length < 3) setImmediate(other);
    };
    setImmediate(other);
    await run.process(long);
    expect(turns).toHaveLength(3);
    expect(turns[0]).toBeLessThan(written.length);
    expect(new Set(turns).size).toBe(3);
    await run.close();
  });

  it('reads the column that times come from though the query does not', async () => {
    const { run, written } = await runOf(
      "CREATE STREAM T (K STRING KEY, A INT, B STRING, C BIGINT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', TIMESTAMP='C'); CREATE STREAM OUT AS SELECT K, ROWTIME AS R FROM T;",
      () => undefined,
    );
    await run.process(batchOf(['{"A":1,"B":"b","C":77}']));
    expect(written).toEqual(['{"R":77}']);
    await run.close();
  });

  it.each([
    ['ksql.fail.on.deserialization.error', FILTER, '{"A":', 'JSON'],
    ['ksql.timestamp.throw.on.invalid', TIMED, '{"A":5}', 'the timestamp column B is null'],
  ])('skips what it cannot read, unless %s says otherwise', async (property, sql, bad, message) => {
    const values = ['{"A":1,"B":"2001"}', bad, '{"A":3,"B":"2003"}'];
    const lenient = await runOf(sql, () => undefined);
    await lenient.run.process(batchOf(values));
    expect(lenient.written).toHaveLength(2);
    await lenient.run.close();
    const strict = await runOf(`SET '${property}' = 'true'; ${sql}`, () => undefined);
    await expect(strict.run.process(batchOf(values))).rejects.toThrow(message);
    await strict.run.commit();
    expect(offsetsOf(strict.committed)).toEqual([]);
    await strict.run.close();
  });
});
