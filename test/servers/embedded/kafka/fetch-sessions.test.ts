import { describe, expect, it } from 'vitest';
import { errorName } from '../../../../src/protocol/kafka/errors.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { deleteTopics } from '../../../../src/protocol/kafka/messages/delete-topics.js';
import { fetch } from '../../../../src/protocol/kafka/messages/fetch.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import { batchOf } from '../../../support/kafka-batch.js';
import type { RawClient } from '../../../support/kafka-raw-client.js';
import { TestBroker } from './running-broker.js';

const PARTITIONS = 5;

async function write(client: RawClient, partition: number): Promise<void> {
  const topicData = [{ name: 't', partitionData: [{ index: partition, records: batchOf(['x']) }] }];
  await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
}

/** A client that fetches all partitions from their beginnings, and has been told that there is nothing. */
class Reader {
  private epoch = 0;
  private sessionId = 0;

  constructor(
    private client: RawClient,
    private readonly params: { readonly minBytes?: number } = {},
  ) {}

  async begin(): Promise<void> {
    const offsets = Array.from({ length: PARTITIONS }, (_, partition) => [partition, 0] as const);
    await this.fetch({ offsets });
    await this.fetch({});
  }

  goOnWith(client: RawClient): void {
    this.client.close();
    this.client = client;
  }

  /** Which partitions have something new, with how much. `offsets` are those from which partitions are read from now on. */
  async fetch({
    offsets = [],
    forgotten = [],
    maxWaitMs = 0,
  }: {
    readonly offsets?: ReadonlyArray<readonly [partition: number, offset: number]>;
    readonly forgotten?: readonly number[];
    readonly maxWaitMs?: number;
  }): Promise<unknown[]> {
    const partitions = offsets.map(([partition, offset]) => ({
      ...{ partition, fetchOffset: BigInt(offset), partitionMaxBytes: 100_000 },
    }));
    const answer = await this.client.send(fetch, 12, {
      ...{ maxWaitMs, minBytes: this.params.minBytes ?? 1, sessionId: this.sessionId, sessionEpoch: this.epoch },
      topics: partitions.length === 0 ? [] : [{ topic: 't', partitions }],
      forgottenTopicsData: forgotten.length === 0 ? [] : [{ topic: 't', partitions: forgotten }],
    });
    this.sessionId = answer.sessionId;
    this.epoch++;
    return answer.responses.flatMap((topic) =>
      topic.partitions.map(({ partitionIndex, errorCode, highWatermark, records }) =>
        errorCode === 0
          ? [partitionIndex, Number(highWatermark), (records?.length ?? 0) > 0]
          : [partitionIndex, errorName(errorCode)],
      ),
    );
  }
}

async function begin(options: { readonly minBytes?: number } = {}) {
  const broker = await TestBroker.start();
  const writer = await broker.client();
  const topics = [{ name: 't', numPartitions: PARTITIONS, replicationFactor: 1 }];
  await writer.send(createTopics, 5, { topics });
  const reader = new Reader(await broker.client(), options);
  await reader.begin();
  return { broker, writer, reader };
}

describe('a fetch session', () => {
  it('tells only what is new, again until it is asked for what follows', async () => {
    const { writer, reader } = await begin();
    expect(await reader.fetch({})).toEqual([]);
    await write(writer, 3);
    expect(await reader.fetch({})).toEqual([[3, 1, true]]);
    expect(await reader.fetch({})).toEqual([[3, 1, true]]);
    expect(await reader.fetch({ offsets: [[3, 1]] })).toEqual([]);
    await write(writer, 1);
    await write(writer, 3);
    expect(new Set(await reader.fetch({}))).toEqual(
      new Set([
        [1, 1, true],
        [3, 2, true],
      ]),
    );
  });

  it('wakes for a record of any partition, and for its end', async () => {
    const { writer, reader } = await begin();
    const waiting = reader.fetch({ maxWaitMs: 60_000 });
    await write(writer, 4);
    expect(await waiting).toEqual([[4, 1, true]]);
    const later = reader.fetch({ offsets: [[4, 1]], maxWaitMs: 60_000 });
    await writer.send(deleteTopics, 5, { topicNames: ['t'], timeoutMs: 1000 });
    expect(await later).toContainEqual([4, 'UNKNOWN_TOPIC_OR_PARTITION']);
  });

  it('waits until all partitions together have enough', async () => {
    const { writer, reader } = await begin({ minBytes: 3 * batchOf(['x']).length });
    const waiting = reader.fetch({ maxWaitMs: 60_000 });
    for (const partition of [0, 2, 2]) await write(writer, partition);
    expect(new Set(await waiting)).toEqual(
      new Set([
        [0, 1, true],
        [2, 2, true],
      ]),
    );
  });

  it('says nothing of partitions that it forgot', async () => {
    const { writer, reader } = await begin();
    await reader.fetch({ forgotten: [2] });
    for (const partition of [2, 0]) await write(writer, partition);
    expect(await reader.fetch({})).toEqual([[0, 1, true]]);
  });

  it('goes on over another connection', async () => {
    const { broker, writer, reader } = await begin();
    const waiting = reader.fetch({ maxWaitMs: 60_000 });
    await write(writer, 1);
    await waiting;
    reader.goOnWith(await broker.client());
    await write(writer, 2);
    expect(new Set(await reader.fetch({}))).toEqual(
      new Set([
        [1, 1, true],
        [2, 1, true],
      ]),
    );
  });
});
