import type { KafkaClient, RecordProducer } from '../../clients/kafka/contract.js';
import type { World } from '../../ksql/expressions/compiled.js';
import type { Registry } from '../../ksql/formats/registry.js';
import { Metastore } from '../../ksql/metadata/metastore.js';
import type { StateMemory } from '../../ksql/rows/state-memory.js';
import type { Log } from '../../support/log.js';
import type { CommandLog } from './command-log.js';
import type { EngineGroup } from './engine-group.js';
import type { Peers } from './peers.js';
import { PreparedPulls } from './query/prepared-pulls.js';
import type { RunningQuery } from './runtime/persistent-query.js';
import type { PersistentQueryOptions } from './runtime/query-options.js';
import type { TransientQuery } from './runtime/transient-query.js';
import type { Applied } from './statements/context.js';
import type { ConnectWorker } from './upstream/connect.js';

export interface EngineParts {
  readonly serviceId: string;
  readonly kafka: KafkaClient;
  readonly registry: Registry | undefined;
  readonly connect: ConnectWorker | undefined;
  readonly commands: Pick<CommandLog, 'begin' | 'append' | 'incompatibleAt'>;
  /** The engines that share the queries; absent: there are no others. */
  readonly group?: EngineGroup | undefined;
  readonly peers?: Peers | undefined;
  readonly createQuery: (options: PersistentQueryOptions) => RunningQuery;
  /** Of the states of its queries; absent: it has no bound. */
  readonly memory?: StateMemory | undefined;
  readonly world: World;
  readonly log: Log;
}

/** Everything that statements work on. */
export class Engine {
  readonly metastore = new Metastore();
  readonly queries = new Map<string, RunningQuery>();
  readonly transient = new Map<string, TransientQuery>();
  /** Planned by what the engine knows now: each turn may change that. */
  readonly preparedPulls = new PreparedPulls();
  /** What each command came to, the last of those with one id. */
  readonly commands = new Map<string, Applied>();
  /** Number of the last command that was applied. */
  sequence = -1;
  /** ALTER SYSTEM. */
  readonly systemProperties = new Map<string, string>();
  /** After POST /ksql/terminate nothing is accepted. */
  terminated = false;
  /** Until it is known which tasks are this engine's, no query runs. */
  isHeld: boolean;
  private inserts: RecordProducer | undefined;
  private last: Promise<unknown> = Promise.resolve();

  constructor(readonly parts: EngineParts) {
    this.isHeld = parts.group !== undefined;
  }

  /** What changes the engine is done one after the other: each sees what the one before it made. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work).finally(() => this.preparedPulls.clear());
    this.last = turn.catch(() => {});
    return turn;
  }

  async hold(): Promise<void> {
    this.isHeld = true;
    await Promise.all([...this.queries.values()].map((query) => query.hold()));
  }

  release(keeps: boolean): void {
    this.isHeld = false;
    for (const query of this.queries.values()) query.release(keeps);
  }

  /** Queries that are over leave nothing behind, once no other engine runs them: after the command of this number. */
  async cleanUp(queries: readonly RunningQuery[], sequence: number): Promise<void> {
    if (queries.length > 0) await this.parts.peers?.haveApplied(sequence);
    for (const query of queries) await query.cleanUp();
  }

  /** Queries that read or write a source. */
  queriesOf(name: string): { readers: string[]; writers: string[] } {
    const all = [...this.queries.values()];
    return {
      readers: all
        .filter(
          ({ options }) => options.keepsOnly !== true && options.plan.inputs.some(({ source }) => source.name === name),
        )
        .map(({ id }) => id),
      writers: all
        .filter(({ options }) => options.sink.name === name && options.keepsOnly !== true)
        .map(({ id }) => id),
    };
  }

  /** The streams and tables that are made from this one, whether their queries run or not: it cannot be dropped before them. */
  madeFrom(name: string): string[] {
    return [...this.metastore.sources.values()]
      .filter(({ madeFrom }) => madeFrom.includes(name))
      .map((source) => source.name);
  }

  /** The producer of INSERT VALUES and /inserts-stream. */
  insertProducer(): RecordProducer {
    this.inserts ??= this.parts.kafka.producer();
    return this.inserts;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.transient.values()].map((query) => query.stop()));
    await Promise.all([...this.queries.values()].map((query) => query.stop()));
    await this.inserts?.close();
  }
}
