import type { Header, KafkaRecord, RecordProducer } from '../../../clients/kafka/contract.js';
import { ensureTopic } from '../../../clients/kafka/ensure-topic.js';
import { CONNECTOR_OPTIONS, SINK_OPTIONS } from '../../../protocol/connect/connector-options.js';
import type { RawConfig } from '../../../protocol/connect/option.js';
import { messageOf } from '../../../support/errors.js';
import { Options } from '../config/options.js';
import { classOf, traceOf } from '../data/failure.js';
import type { RunnerContext } from './task-runner.js';

/** Where in a record's way through the worker an error happened, in Connect's words. */
export type Stage = 'KEY_CONVERTER' | 'VALUE_CONVERTER' | 'HEADER_CONVERTER' | 'TRANSFORMATION' | 'TASK_PUT';

export interface Origin {
  readonly connector: string;
  readonly taskId: number;
  readonly stage: Stage;
  /** The class that was at work. */
  readonly className: string;
}

/** What `errors.tolerance=all` does with a record that can't be handled: it is logged, and kept in a topic of its own. */
export class DeadLetters {
  private readonly topic: string;
  private readonly withContext: boolean;
  private readonly replicationFactor: number;
  private readonly logs: boolean;
  private readonly logsMessages: boolean;
  private producer: RecordProducer | undefined;

  constructor(
    config: RawConfig,
    private readonly context: RunnerContext,
  ) {
    const options = new Options([...CONNECTOR_OPTIONS, ...SINK_OPTIONS], config);
    this.topic = options.string('errors.deadletterqueue.topic.name');
    this.withContext = options.boolean('errors.deadletterqueue.context.headers.enable');
    this.replicationFactor = options.int('errors.deadletterqueue.topic.replication.factor');
    this.logs = options.boolean('errors.log.enable');
    this.logsMessages = options.boolean('errors.log.include.messages');
  }

  /** Kept when it resolves. */
  async keep(record: KafkaRecord, origin: Origin, failure: unknown): Promise<void> {
    if (this.logs || this.topic === '') this.report(record, origin, failure);
    if (this.topic === '') return;
    this.producer ??= await this.open();
    const context = this.withContext ? contextHeaders(record, origin, failure) : [];
    const { key, value, timestampMs } = record;
    await this.producer.send([
      { topic: this.topic, key, value, timestampMs, headers: [...record.headers, ...context] },
    ]);
  }

  async close(): Promise<void> {
    await this.producer?.close();
  }

  private report(record: KafkaRecord, origin: Origin, failure: unknown): void {
    this.context.log.warn('a record was skipped', {
      connector: origin.connector,
      task: origin.taskId,
      stage: origin.stage,
      why: messageOf(failure),
      ...(this.logsMessages ? { record: `${record.topic}-${record.partition}@${record.offset}` } : {}),
    });
  }

  private async open(): Promise<RecordProducer> {
    const { kafka } = this.context;
    await ensureTopic(kafka, { name: this.topic, partitions: 1, replicationFactor: this.replicationFactor });
    return kafka.producer();
  }
}

function contextHeaders(record: KafkaRecord, origin: Origin, failure: unknown): Header[] {
  const entries: Readonly<Record<string, string>> = {
    topic: record.topic,
    partition: String(record.partition),
    offset: String(record.offset),
    'connector.name': origin.connector,
    'task.id': String(origin.taskId),
    stage: origin.stage,
    'class.name': origin.className,
    'exception.class.name': classOf(failure),
    'exception.message': messageOf(failure),
    'exception.stacktrace': traceOf(failure),
  };
  return Object.entries(entries).map(([name, value]) => [`__connect.errors.${name}`, Buffer.from(value, 'utf8')]);
}
