import type { Circumstances } from '../../../ksql/statements/circumstances.js';
import type { Properties } from '../../../ksql/statements/properties.js';
import type { StatementKind, StatementOf } from '../../../protocol/ksql/ast.js';
import type { Engine } from '../engine.js';
import type { Entity } from './entity.js';

/** What a request brings along, and SET, UNSET, DEFINE and UNDEFINE change for the statements after them. */
export interface Session {
  readonly properties: Map<string, string>;
  readonly variables: Map<string, string>;
}

export interface StatementContext {
  readonly engine: Engine;
  readonly session: Session;
}

/** What a statement is judged by before anything changes. */
export const circumstances = ({ engine, session }: StatementContext): Circumstances =>
  circumstancesOf(engine, session.properties);

export const circumstancesOf = ({ metastore, parts, queries }: Engine, properties: Properties): Circumstances => ({
  metastore,
  properties,
  registry: parts.registry,
  world: parts.world,
  isRunning: (queryId) => queries.has(queryId),
});

/** Undefined: the statement adds no entity to the answer. Throws StatementError. */
export type Handler<Kind extends StatementKind> = (
  statement: StatementOf<Kind>,
  context: StatementContext,
) => Promise<Entity | undefined>;

/**
 * A statement that changes the engine for good. `prepare` checks it and makes topics and subjects exist;
 * `apply` changes the engine, and is all that a restart repeats.
 */
export interface Change<Kind extends StatementKind> {
  /** Throws StatementError. Undefined: nothing to do (IF NOT EXISTS), the entity says so. */
  prepare(statement: StatementOf<Kind>, context: StatementContext): Promise<Prepared>;
  apply(statement: StatementOf<Kind>, applying: Applying): Promise<Applied>;
}

export type Prepared =
  | { readonly kind: 'command'; readonly id: string /** As it is logged. */; readonly statement: string }
  | { readonly kind: 'done'; readonly entity: Entity };

export interface Applying {
  readonly engine: Engine;
  readonly properties: ReadonlyMap<string, string>;
  /** Where the command is in the log: part of a query's id. */
  readonly sequence: number;
  /** This engine takes the statement, and no other: what is to be made or removed in Kafka is up to it. */
  readonly here: boolean;
  /** At start-up: queries are started when all commands are applied. */
  readonly restoring: boolean;
}

export interface Applied {
  readonly message: string;
  readonly queryId: string | null;
}
