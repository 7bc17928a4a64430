import type { KafkaClient } from '../../../clients/kafka/contract.js';
import type { Registry } from '../../../ksql/formats/registry.js';
import type { Source } from '../../../ksql/metadata/source.js';
import type { PlanPart, QueryPlan } from '../../../ksql/query/plan.js';
import type { TableRows } from '../../../ksql/query/table-results.js';
import type { StateMemory } from '../../../ksql/rows/state-memory.js';
import type { FatalRecords } from '../../../ksql/statements/properties.js';
import type { Log } from '../../../support/log.js';
import type { Sharing } from './sharing.js';

export interface PersistentQueryOptions {
  readonly id: string;
  readonly sql: string;
  readonly plan: QueryPlan;
  readonly sink: Source;
  /** CREATE SOURCE TABLE: its rows are kept for pull queries and written nowhere. */
  readonly keepsOnly?: boolean;
  readonly group: string;
  readonly offsetReset: 'earliest' | 'latest';
  /** What stops the query that would otherwise be logged and skipped. */
  readonly failsOn: FatalRecords;
  /** Absent: all of it is this engine's. */
  readonly sharing?: Sharing | undefined;
  /** Another engine took the statement, and fixes where the query begins. */
  readonly begunElsewhere?: boolean;
  /** Outputs, state and offsets of one commit in one transaction. */
  readonly exactlyOnce: boolean;
  readonly kafka: KafkaClient;
  readonly registry: Registry | undefined;
  /** What its stores share with those of other queries; absent: they keep all in memory. */
  readonly memory?: StateMemory | undefined;
  readonly log: Log;
}

/** What runs as one: a whole query, or a part that its plan is cut into. */
export interface QueryPart extends Omit<PersistentQueryOptions, 'plan'> {
  readonly plan: PlanPart;
  /** Infinity: one for each partition that there is or will be. */
  readonly taskCount: number;
  /** What the transactional ids of its tasks begin with. */
  readonly transactions: string;
}

/** What an engine holds of a query. */
export interface Holding {
  /** Of the table that the query maintains. */
  readonly rows: TableRows;
  /** Those that are its, of so many: the task of a partition is the rest of their division. */
  readonly tasks: readonly number[];
  readonly of: number;
}
