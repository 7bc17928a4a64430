import type { KafkaRecord, OutgoingRecord } from '../../../clients/kafka/contract.js';
import { jsonWriter } from '../../../ksql/formats/json-writer.js';
import { MemoryRegistry } from '../../../ksql/formats/memory-registry.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { readProperties } from '../../../ksql/statements/properties.js';
import { parseStatement, parseStatements, splitStatements } from '../../../protocol/ksql/parse.js';
import { substitute } from '../../../protocol/ksql/variables.js';
import type { Log } from '../../../support/log.js';
import type { Command } from '../command-log.js';
import { Engine } from '../engine.js';
import { openQuery } from '../query/open-query.js';
import type { Session } from '../statements/context.js';
import type { Entity } from '../statements/entity.js';
import { executeStatement } from '../statements/execute.js';
import { MemoryKafka } from './memory-kafka.js';
import { OfflineQuery } from './offline-query.js';

/** A statement that fed another query's input more often than this feeds itself in a circle. */
const STEPS_MAX = 1_000_000;

export interface OfflineOptions {
  readonly log: Log;
  readonly clock?: () => number;
  readonly random?: () => number;
}

/**
 * The whole engine without broker, registry or clock: statements are planned and run as on a server, records go
 * through the queries one by one, each to its end before the next begins.
 */
export class OfflineEngine {
  readonly kafka: MemoryKafka;
  readonly registry = new MemoryRegistry();
  readonly engine: Engine;
  private readonly session: Session = { properties: new Map(), variables: new Map() };
  private readonly waiting: KafkaRecord[] = [];

  constructor({ log, clock = () => 0, random = () => 0.5 }: OfflineOptions) {
    this.kafka = new MemoryKafka(clock);
    this.kafka.onRecord = (record) => this.waiting.push(record);
    let sequence = 0;
    this.engine = new Engine({
      serviceId: 'offline_',
      kafka: this.kafka,
      registry: this.registry,
      connect: undefined,
      commands: {
        incompatibleAt: undefined,
        begin: async () => [],
        async append(_: string, __: Command) {
          sequence += 1;
          return sequence - 1;
        },
      },
      createQuery: (options) => {
        const replaced = this.engine.queries.get(options.id);
        return new OfflineQuery(options, this.kafka, replaced instanceof OfflineQuery ? replaced.stores : undefined);
      },
      world: { now: clock, random },
      log,
    });
  }

  /** SET and DEFINE hold for later calls. Throws StatementError and KsqlSyntaxError. */
  async execute(sql: string, properties: Readonly<Record<string, unknown>> = {}): Promise<Entity[]> {
    const entities: Entity[] = [];
    for (const [name, value] of readProperties(properties)) this.session.properties.set(name, value);
    for (const { text } of splitStatements(sql)) {
      const [statement] = parseStatements(substitute(text, this.session));
      if (statement === undefined) continue;
      const entity = await executeStatement(statement, { engine: this.engine, session: this.session });
      if (entity !== undefined) entities.push(entity);
      await this.settle();
    }
    return entities;
  }

  /** A SELECT over what is there now: each row as JSON. */
  async query(sql: string, properties: Readonly<Record<string, unknown>> = {}): Promise<string[]> {
    const statement = parseStatement(substitute(sql, this.session));
    if (statement.kind !== 'select') throw new StatementError('a SELECT is expected');
    const all = new Map([
      ...this.session.properties,
      ...readProperties({ 'auto.offset.reset': 'earliest', ...properties }),
    ]);
    const opened = await openQuery(this.engine, statement, all);
    const writers = opened.columns.map(({ type }) => jsonWriter(type, 'text'));
    const rows: string[] = [];
    for await (const { values, tombstone } of opened.rows()) {
      rows.push(`[${values.map((value, at) => writers[at]?.(value)).join(',')}]${tombstone ? ' gone' : ''}`);
    }
    return rows;
  }

  async produce(record: OutgoingRecord): Promise<void> {
    this.kafka.append(record);
    await this.settle();
  }

  private async settle(): Promise<void> {
    let steps = 0;
    const queries = () => [...this.engine.queries.values()].filter((query) => query instanceof OfflineQuery);
    for (const query of queries()) await query.catchUp();
    for (let record = this.waiting.shift(); record !== undefined; record = this.waiting.shift()) {
      steps += 1;
      if (steps > STEPS_MAX) throw new Error(`the queries feed each other without end, at topic ${record.topic}`);
      for (const query of queries()) await query.take(record);
    }
  }
}
