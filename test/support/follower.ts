import type { KafkaClient, KafkaRecord, RecordReader } from '../../src/clients/kafka/contract.js';

/** Reads a topic as a read_committed consumer does, from its beginning, and keeps what it made of each record. */
export class Follower<T> {
  readonly seen: T[] = [];
  private readonly reading: Promise<void>;

  private constructor(
    private readonly reader: RecordReader,
    of: (record: KafkaRecord) => T,
  ) {
    this.reading = (async () => {
      for await (const { records } of reader) this.seen.push(...records.map(of));
    })();
  }

  static async of<T>(kafka: KafkaClient, topic: string, of: (record: KafkaRecord) => T): Promise<Follower<T>> {
    return new Follower(kafka.reader({ from: await kafka.offsets(topic, 'earliest'), maxWaitMs: 100 }), of);
  }

  async close(): Promise<void> {
    await this.reader.close();
    await this.reading;
  }
}

/** Works over and over, until it is told to stop. */
export function repeatedly(work: () => Promise<void>): { stop(): Promise<void> } {
  let stopped = false;
  const working = (async () => {
    while (!stopped) await work();
  })();
  return {
    stop() {
      stopped = true;
      return working;
    },
  };
}
