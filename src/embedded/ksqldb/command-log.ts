import type { KafkaClient, RecordProducer } from '../../clients/kafka/contract.js';

/** One statement that changed the engine, as every restart repeats it. */
export interface Command {
  /** With inferred columns filled in. */
  readonly statement: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly version: 1;
}

export interface LoggedCommand extends Command {
  /** As GET /status knows it. */
  readonly id: string;
  readonly sequence: number;
}

/** One partition, kept for ever: the engine's whole memory. */
export class CommandLog {
  readonly topic: string;
  private producer: RecordProducer | undefined;

  constructor(
    private readonly kafka: KafkaClient,
    serviceId: string,
  ) {
    this.topic = `_confluent-ksql-${serviceId}_command_topic`;
  }

  /** Creates the topic if need be and reads all commands so far. */
  async open(): Promise<LoggedCommand[]> {
    if ((await this.kafka.describeTopic(this.topic)) === undefined) {
      await this.kafka.createTopic({
        name: this.topic,
        partitions: 1,
        replicationFactor: 1,
        config: { 'cleanup.policy': 'delete', 'retention.ms': '-1' },
      });
      return [];
    }
    return this.readAll();
  }

  private async readAll(): Promise<LoggedCommand[]> {
    const from = await this.kafka.offsets(this.topic, 'earliest');
    const [end] = await this.kafka.offsets(this.topic, 'latest');
    const commands: LoggedCommand[] = [];
    if (end === undefined || (from[0]?.offset ?? 0n) >= end.offset) return commands;
    const reader = this.kafka.reader({ from });
    try {
      for await (const batch of reader) {
        for (const { key, value, offset } of batch.records) {
          if (key === null || value === null) continue;
          const id = JSON.parse(key.toString('utf8')) as string;
          commands.push({ ...(JSON.parse(value.toString('utf8')) as Command), id, sequence: Number(offset) });
        }
        if (batch.nextOffset >= end.offset) return commands;
      }
    } finally {
      await reader.close();
    }
    return commands;
  }

  /** The offset of the command is its number: queries are named after it. */
  async append(key: string, command: Command): Promise<number> {
    this.producer ??= this.kafka.producer();
    const [position] = await this.producer.send([
      {
        topic: this.topic,
        partition: 0,
        key: Buffer.from(JSON.stringify(key)),
        value: Buffer.from(JSON.stringify(command)),
      },
    ]);
    return Number(position?.offset ?? 0n);
  }

  async close(): Promise<void> {
    await this.producer?.close();
  }
}
