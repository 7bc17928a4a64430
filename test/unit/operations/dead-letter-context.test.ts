import { describe, expect, it } from 'vitest';
import type { Header } from '../../../src/clients/kafka/contract.js';
import { contextOf, withoutContext } from '../../../src/operations/dead-letters/context.js';

const texts = (headers: Readonly<Record<string, string>>): Header[] =>
  Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)]);

const CONNECT = texts({
  source: 'shop',
  '__connect.errors.topic': 'orders',
  '__connect.errors.partition': '1',
  '__connect.errors.offset': '42',
  '__connect.errors.connector.name': 'sink',
  '__connect.errors.task.id': '0',
  '__connect.errors.stage': 'VALUE_CONVERTER',
  '__connect.errors.exception.class.name': 'org.apache.kafka.connect.errors.DataException',
  '__connect.errors.exception.message': 'not Avro',
});

function spring(): Header[] {
  const partition = Buffer.alloc(4);
  partition.writeInt32BE(3);
  const offset = Buffer.alloc(8);
  offset.writeBigInt64BE(9_000_000_000n);
  return [
    ...texts({
      'kafka_dlt-original-topic': 'orders',
      'kafka_dlt-original-consumer-group': 'packers',
      'kafka_dlt-exception-fqcn': 'org.springframework.kafka.listener.ListenerExecutionFailedException',
      'kafka_dlt-exception-cause-fqcn': 'java.lang.IllegalStateException',
      'kafka_dlt-exception-message': 'no such item',
    }),
    ['kafka_dlt-original-partition', partition],
    ['kafka_dlt-original-offset', offset],
  ];
}

describe('why a record is in a dead letter topic', () => {
  it('is read as Kafka Connect notes it', () => {
    expect(contextOf(CONNECT)).toEqual({
      origin: { topic: 'orders', partition: 1, offset: 42n },
      by: 'sink, task 0',
      stage: 'VALUE_CONVERTER',
      exception: 'org.apache.kafka.connect.errors.DataException',
      message: 'not Avro',
    });
  });

  it('is read as Spring Kafka notes it, whose numbers are not text', () => {
    expect(contextOf(spring())).toEqual({
      origin: { topic: 'orders', partition: 3, offset: 9_000_000_000n },
      by: 'packers',
      stage: undefined,
      exception: 'java.lang.IllegalStateException',
      message: 'no such item',
    });
  });

  it('is that of the last failure where the record came back', () => {
    const again = texts({ '__connect.errors.topic': 'orders', '__connect.errors.exception.message': 'still not Avro' });
    expect(contextOf([...CONNECT, ...again]).message).toBe('still not Avro');
  });

  it('is nothing where nobody noted it, or wrongly', () => {
    const unknown = { origin: undefined, by: undefined, stage: undefined, exception: undefined, message: undefined };
    expect(contextOf(texts({ source: 'shop' }))).toEqual(unknown);
    expect(contextOf([['kafka_dlt-original-partition', Buffer.from('1')]])).toEqual(unknown);
    expect(contextOf(texts({ '__connect.errors.topic': 'orders', '__connect.errors.partition': 'x' })).origin).toEqual({
      topic: 'orders',
      partition: undefined,
      offset: undefined,
    });
  });

  it('does not go along where the record is sent back', () => {
    expect(withoutContext([...CONNECT, ...spring()])).toEqual(texts({ source: 'shop' }));
  });
});
