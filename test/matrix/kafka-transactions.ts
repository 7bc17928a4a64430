import { expect, it } from 'vitest';
import { connectKafka } from '../../src/clients/kafka/client.js';
import type { KafkaClient, OutgoingRecord, TransactionalProducer } from '../../src/clients/kafka/contract.js';
import { readToEnd } from '../../src/clients/kafka/read-topic.js';
import { freshName } from '../support/kafka.js';

/** What our client's transactions do with a broker. */
export function kafkaTransactions(bootstrapServers: () => string): void {
  const withClient = async (work: (client: KafkaClient) => Promise<void>): Promise<void> => {
    const client = connectKafka({ bootstrapServers: bootstrapServers(), clientId: 'test' });
    try {
      await work(client);
    } finally {
      await client.close();
    }
  };

  const topicOf = async (client: KafkaClient, partitions = 1): Promise<string> => {
    const name = freshName();
    await client.createTopic({ name, partitions });
    return name;
  };

  const record = (topic: string, text: string, partition?: number): OutgoingRecord => ({
    topic,
    partition,
    key: null,
    value: Buffer.from(text),
  });

  const committed = async (client: KafkaClient, topic: string): Promise<string[]> => {
    const texts: string[] = [];
    for await (const { records } of readToEnd(client, topic))
      texts.push(...records.map(({ value }) => value?.toString() ?? ''));
    return texts;
  };

  /** Markers come a moment after the end of a transaction is answered. */
  const soon = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 20_000 });

  const nothingOpen = (client: KafkaClient, topic: string): Promise<void> =>
    soon(async () => {
      const [stable, end] = await Promise.all([
        client.offsets(topic, 'latest'),
        client.offsets(topic, 'latest', 'read_uncommitted'),
      ]);
      return stable[0]?.offset === end[0]?.offset;
    }).toBe(true);

  const send = async (producer: TransactionalProducer, records: readonly OutgoingRecord[]): Promise<void> => {
    for (const each of records) producer.append(each);
    await producer.flush();
  };

  it('shows a transaction when it is committed, and none of one that was aborted', () =>
    withClient(async (client) => {
      const topic = await topicOf(client, 2);
      const producer = client.transactionalProducer({ transactionalId: freshName('id') });
      await send(producer, [record(topic, 'a', 0), record(topic, 'b', 1)]);
      expect(await committed(client, topic)).toEqual([]);
      await producer.commit();
      await soon(async () => (await committed(client, topic)).sort()).toEqual(['a', 'b']);
      await send(producer, [record(topic, 'c', 0), record(topic, 'd', 1)]);
      await producer.abort();
      await send(producer, [record(topic, 'e', 1)]);
      await producer.commit();
      await soon(async () => (await committed(client, topic)).sort()).toEqual(['a', 'b', 'e']);
    }));

  it('commits the offsets of a group with the records, and aborts them with those', () =>
    withClient(async (client) => {
      const topic = await topicOf(client);
      const group = freshName('group');
      const producer = client.transactionalProducer({ transactionalId: freshName('id') });
      const offset = async () => (await client.committedOffsets(group)).map((position) => position.offset);
      await producer.sendOffsets(group, [{ topic, partition: 0, offset: 3n }]);
      producer.append(record(topic, 'a'));
      await producer.commit();
      await soon(offset).toEqual([3n]);
      await producer.sendOffsets(group, [{ topic, partition: 0, offset: 7n }]);
      await producer.abort();
      await soon(offset).toEqual([3n]);
    }));

  it('keeps order and number over many transactions in a row, whichever way they end', () =>
    withClient(async (client) => {
      const topic = await topicOf(client);
      const producer = client.transactionalProducer({ transactionalId: freshName('id') });
      const expected: string[] = [];
      for (let round = 0; round < 12; round++) {
        const texts = Array.from({ length: 50 }, (_, at) => `${round}-${at}`);
        for (const text of texts) producer.append(record(topic, text));
        if (round % 3 === 2) await producer.abort();
        else {
          await producer.commit();
          expected.push(...texts);
        }
      }
      await producer.commit();
      await soon(() => committed(client, topic)).toEqual(expected);
    }));

  it('fences the earlier producer of a transactional id and aborts what it left open', () =>
    withClient(async (client) => {
      const topic = await topicOf(client);
      const transactionalId = freshName('id');
      const zombie = client.transactionalProducer({ transactionalId });
      await send(zombie, [record(topic, 'left open')]);
      const producer = client.transactionalProducer({ transactionalId });
      await producer.init();
      await nothingOpen(client, topic);
      zombie.append(record(topic, 'too late'));
      const fenced = { code: expect.stringMatching(/^EVPIPE_KAFKA_(PRODUCER_FENCED|INVALID_PRODUCER_EPOCH)$/) };
      await expect(zombie.commit()).rejects.toMatchObject(fenced);
      await expect(zombie.commit()).rejects.toMatchObject(fenced);
      producer.append(record(topic, 'in time'));
      await producer.commit();
      await soon(() => committed(client, topic)).toEqual(['in time']);
    }));

  it('aborts what is open where its producer is closed', () =>
    withClient(async (client) => {
      const topic = await topicOf(client);
      const producer = client.transactionalProducer({ transactionalId: freshName('id') });
      await send(producer, [record(topic, 'open')]);
      await producer.close();
      await nothingOpen(client, topic);
      expect(await committed(client, topic)).toEqual([]);
    }));
}
