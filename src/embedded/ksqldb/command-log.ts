import type { KafkaClient, KafkaRecord, RecordProducer, TransactionalProducer } from '../../clients/kafka/contract.js';
import { ensureTopic } from '../../clients/kafka/ensure-topic.js';
import { readToEnd } from '../../clients/kafka/read-topic.js';
import { StatementError } from '../../ksql/statement-error.js';
import { isJsonObject, parseJson } from '../../protocol/json/parse.js';
import { EvpipeError } from '../../support/errors.js';
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
  private transactions: TransactionalProducer | undefined;

  constructor(
    private readonly kafka: KafkaClient,
    private readonly serviceId: string,
    private readonly log: Log,
    /** Several engines append: each command is a transaction of one id, so that who appends fences those that know less. */
    private readonly isShared = false,
  ) {
    this.topic = `_confluent-ksql-${serviceId}_command_topic`;
  }

  /** Creates the topic if need be and reads all commands so far. */
  async open(): Promise<LoggedCommand[]> {
    const config = { 'cleanup.policy': 'delete', 'retention.ms': '-1' };
    const known = await ensureTopic(this.kafka, { name: this.topic, partitions: 1, config });
    return known === undefined ? [] : this.readAll(0);
  }

  /** From now on an append fails where another engine's came in between. Gives what there is after that sequence number. */
  async begin(after: number): Promise<LoggedCommand[]> {
    if (!this.isShared) return [];
    if (this.transactions === undefined) {
      this.transactions = this.kafka.transactionalProducer({ transactionalId: this.serviceId });
      await this.transactions.init();
    }
    return this.readAll(after + 1);
  }

  /** Commands as they are logged, by whichever engine. */
  async *follow(after: number, signal: AbortSignal): AsyncGenerator<LoggedCommand> {
    const from = [{ topic: this.topic, partition: 0, offset: BigInt(after + 1) }];
    const reader = this.kafka.reader({ from, signal });
    try {
      for await (const { records } of reader) {
        for (const record of records) {
          const command = this.read(record);
          if (command === 'incompatible') return;
          if (command !== undefined) yield command;
        }
      }
    } catch (failure) {
      if (!signal.aborted) throw failure;
    } finally {
      await reader.close();
    }
  }

  private async readAll(first: number): Promise<LoggedCommand[]> {
    const commands: LoggedCommand[] = [];
    const from = first === 0 ? {} : { from: [{ topic: this.topic, partition: 0, offset: BigInt(first) }] };
    for await (const { records } of readToEnd(this.kafka, this.topic, from)) {
      for (const record of records) {
        const command = this.read(record);
        if (command === 'incompatible') return commands;
        if (command !== undefined) commands.push(command);
      }
    }
    return commands;
  }

  private read({ key, value, partition, offset }: KafkaRecord): LoggedCommand | 'incompatible' | undefined {
    if (key === null || value === null) return undefined;
    const command = readCommand(key.toString('utf8'), value.toString('utf8'));
    if (command !== undefined) return { ...command, sequence: Number(offset) };
    this.incompatibleAt = `${this.topic}-${partition}@${offset}`;
    this.log.error('this entry is not a command that this version knows: statements that change anything are refused', {
      at: this.incompatibleAt,
    });
    return 'incompatible';
  }

  /** The offset of the command is its number: queries are named after it. */
  async append(key: string, command: Command): Promise<number> {
    if (this.incompatibleAt !== undefined) throw incompatible(this.incompatibleAt);
    if (!this.isShared) this.producer ??= this.kafka.producer();
    const producer = this.producer ?? this.transactions;
    if (producer === undefined) throw new Error('append comes after begin');
    const record = {
      topic: this.topic,
      partition: 0,
      key: Buffer.from(JSON.stringify(key)),
      value: Buffer.from(JSON.stringify(command)),
    };
    try {
      const [position] = await producer.send([record]);
      await this.transactions?.commit();
      return Number(position?.offset ?? 0n);
    } catch (failure) {
      const over = this.transactions;
      this.transactions = undefined;
      await over?.close().catch(() => {}); // it is over already
      throw failure;
    }
  }

  async close(): Promise<void> {
    await this.producer?.close();
    await this.transactions?.close().catch(() => {}); // what another engine has fenced has nothing to end
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

/** Another engine has appended since `begin`, or made the same topic. */
export const isOvertaken = (failure: unknown): boolean =>
  failure instanceof EvpipeError && OVERTAKEN.has(failure.code.replace('EVPIPE_KAFKA_', ''));

const OVERTAKEN: ReadonlySet<string> = new Set(['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'TOPIC_ALREADY_EXISTS']);
