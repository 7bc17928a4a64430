import type { KafkaClient, RecordProducer } from '../../clients/kafka/contract.js';
import { readToEnd } from '../../clients/kafka/read-topic.js';
import { StatementError } from '../../ksql/statement-error.js';
import { isJsonObject, parseJson } from '../../protocol/json/parse.js';
import type { Log } from '../../support/log.js';

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

/** Newer ones have commands of a meaning that is not known here. */
const VERSION = 1;

/** One partition, kept for ever: the engine's whole memory. */
export class CommandLog {
  readonly topic: string;
  /**
   * A record that is no command, or one of a newer version. As in the original, the commands before it count, and no more are
   * taken: what comes after could mean something else without it.
   */
  incompatibleAt: string | undefined;
  private producer: RecordProducer | undefined;

  constructor(
    private readonly kafka: KafkaClient,
    serviceId: string,
    private readonly log: Log,
  ) {
    this.topic = `_confluent-ksql-${serviceId}_command_topic`;
  }

  /** Creates the topic if need be and reads all commands so far. */
  async open(): Promise<LoggedCommand[]> {
    if ((await this.kafka.describeTopic(this.topic)) === undefined) {
      await this.kafka.createTopic({
        name: this.topic,
        partitions: 1,
        config: { 'cleanup.policy': 'delete', 'retention.ms': '-1' },
      });
      return [];
    }
    return this.readAll();
  }

  private async readAll(): Promise<LoggedCommand[]> {
    const commands: LoggedCommand[] = [];
    for await (const { records, partition } of readToEnd(this.kafka, this.topic)) {
      for (const record of records) {
        if (record.key === null || record.value === null) continue;
        const command = readCommand(record.key.toString('utf8'), record.value.toString('utf8'));
        if (command === undefined) {
          this.incompatibleAt = `${this.topic}-${partition}@${record.offset}`;
          this.log.error(
            'this entry is not a command that this version knows: statements that change anything are refused',
            {
              at: this.incompatibleAt,
            },
          );
          return commands;
        }
        commands.push({ ...command, sequence: Number(record.offset) });
      }
    }
    return commands;
  }

  /** The offset of the command is its number: queries are named after it. */
  async append(key: string, command: Command): Promise<number> {
    if (this.incompatibleAt !== undefined) throw incompatible(this.incompatibleAt);
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

const incompatible = (at: string): StatementError =>
  new StatementError(
    `The server has encountered an incompatible entry in its log (${at}) and cannot process further DDL statements.\n` +
      'This is most likely due to the service being rolled back to an earlier version.',
    50000,
  );

export function readCommand(key: string, value: string): Omit<LoggedCommand, 'sequence'> | undefined {
  try {
    const [id, command] = [parseJson(key), parseJson(value)];
    if (typeof id !== 'string' || !isJsonObject(command)) return undefined;
    const { statement, properties = {}, version = VERSION } = command;
    if (typeof statement !== 'string' || version !== VERSION || !isJsonObject(properties)) return undefined;
    const texts = Object.entries(properties).flatMap(([name, text]) =>
      typeof text === 'string' ? [[name, text]] : [],
    );
    return { id, statement, properties: Object.fromEntries(texts), version };
  } catch {
    return undefined; // not JSON
  }
}
