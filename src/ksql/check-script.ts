import type { Expression, Query, Statement } from '../protocol/ksql/ast.js';
import { statementEffects } from '../protocol/ksql/effects.js';
import type { Position } from '../protocol/ksql/position.js';
import { contains } from './expressions/children.js';
import { MemoryRegistry } from './formats/memory-registry.js';
import type { RegisteredSchema } from './formats/registry.js';
import { isFunction, unknownFunction } from './functions/call.js';
import { Metastore } from './metadata/metastore.js';
import { resolveType } from './metadata/named-types.js';
import { StatementError } from './statement-error.js';
import { alteredSource } from './statements/altered.js';
import type { Circumstances } from './statements/circumstances.js';
import { droppedSource } from './statements/dropped.js';
import { planInsert } from './statements/insert-select.js';
import { insertedValues } from './statements/inserted-values.js';
import { type Properties, propertyName } from './statements/properties.js';
import { declareSink, registerSink } from './statements/sink.js';
import { declareSource, registerGiven } from './statements/source.js';

/** Why a server would refuse a statement. */
export interface Fault {
  readonly message: string;
  readonly at: Position;
}

/** The columns can't be known without the server: nothing is said of what depends on them. */
class UnknownOffline extends Error {}

/** What `CREATE STREAM` without columns finds here: a subject that is not known may well be in the server's registry. */
class KnownSubjects extends MemoryRegistry {
  override async latest(subject: string): Promise<RegisteredSchema> {
    const found = await super.latest(subject);
    if (found === undefined) throw new UnknownOffline();
    return found;
  }

  override async schemaById(): Promise<never> {
    throw new UnknownOffline();
  }
}

/**
 * Says what an engine would refuse in the statements of a script, without running any: they are typed and planned by what
 * the engine itself types and plans them with. What follows from a fault, or depends on a schema that only the server has,
 * is no fault.
 */
export class ScriptChecker {
  private readonly subjects = new KnownSubjects();
  private readonly metastore: Metastore;
  private readonly properties: Map<string, string>;
  private readonly circumstances: Circumstances;
  /** Streams and tables that are there, with columns that are not known. */
  private readonly unknown = new Set<string>();
  /** A type could not be made: any name of a type may mean it. */
  private blind = false;
  /** Some query was ended; which one, its generated id does not say. */
  private terminated = false;

  /** What is there before the script runs; neither is changed. */
  constructor(metastore?: Metastore, properties?: Properties) {
    this.metastore = new Metastore(metastore);
    this.properties = new Map(properties);
    const world = { now: () => 0, random: () => 0 };
    this.circumstances = {
      metastore: this.metastore,
      properties: this.properties,
      registry: this.subjects,
      world,
      isRunning: () => !this.terminated,
    };
  }

  /** The schema of a subject that is registered before the script runs. */
  declareSubject(name: string, { schema, type, references }: Omit<RegisteredSchema, 'id'>): void {
    this.subjects.declare(name, schema, type, references);
  }

  /** Statements are given in the order in which they run. Undefined: nothing speaks against it. */
  async check(statement: Statement): Promise<Fault | undefined> {
    const refusal = await this.refusal(statement);
    return refusal && { message: refusal.detail, at: placeIn(statement, refusal.at) };
  }

  /** The same, as the server says it. */
  async refusal(statement: Statement): Promise<StatementError | undefined> {
    const { creates, readsSources, writesSource } = statementEffects(statement);
    const made = creates?.kind === 'stream' || creates?.kind === 'table' ? creates.name : undefined;
    const used = made === undefined && writesSource !== undefined ? [...readsSources, writesSource] : readsSources;
    try {
      if (this.blind || statement.text.includes('${') || used.some((name) => this.unknown.has(name))) {
        checkFunctionNames(statement);
        throw new UnknownOffline();
      }
      await this.take(statement);
      return undefined;
    } catch (failure) {
      if (made !== undefined) this.unknown.add(made);
      if (statement.kind === 'create-type') this.blind = true;
      if (failure instanceof UnknownOffline) return undefined;
      if (failure instanceof StatementError) return failure;
      throw failure;
    }
  }

  private async take(statement: Statement): Promise<void> {
    const { metastore, circumstances, properties } = this;
    switch (statement.kind) {
      case 'create-source': {
        const declared = await declareSource(statement, circumstances);
        if (declared.kind === 'exists') return;
        metastore.sources.set(statement.name, declared.source);
        // Into a topic that is there already others may write, with a schema of their own.
        if (statement.with.has('PARTITIONS')) await registerGiven(declared.source, statement, this.subjects);
        return;
      }
      case 'create-as-select': {
        const declared = declareSink(statement, circumstances);
        if (declared.kind === 'exists') return;
        metastore.sources.set(statement.name, { ...declared.sink, query: statement.name });
        return registerSink(declared.sink, this.subjects);
      }
      case 'insert-select':
        planInsert(statement, circumstances);
        return;
      case 'insert-values':
        insertedValues(statement, circumstances);
        return;
      case 'alter-source':
        metastore.sources.set(statement.name, alteredSource(statement, metastore));
        return;
      case 'create-type':
        if (!metastore.types.has(statement.name) || !statement.ifNotExists) {
          metastore.types.set(statement.name, resolveType(statement.type, metastore.types));
        }
        return;
      case 'drop-type':
        metastore.types.delete(statement.name);
        return;
      case 'drop-source':
        if (!this.unknown.has(statement.name)) droppedSource(statement, metastore);
        metastore.sources.delete(statement.name);
        this.unknown.delete(statement.name);
        return;
      case 'set':
        properties.set(propertyName(statement.property), statement.value);
        return;
      case 'terminate':
        this.terminated = true;
        return;
      case 'unset':
        properties.delete(propertyName(statement.property));
        return;
      default:
    }
  }
}

/** Expressions that the planner adds have no place in the text. */
function placeIn({ at: start, text }: Statement, at: Position | undefined): Position {
  if (at === undefined || at.offset < start.offset || at.offset >= start.offset + text.length) return start;
  return at;
}

/** All that can be said of a query whose columns are not known. */
function checkFunctionNames(statement: Statement): void {
  if (!('query' in statement) || typeof statement.query !== 'object') return;
  for (const expression of expressionsOf(statement.query)) {
    contains(expression, (each) => {
      if (each.kind === 'call' && !isFunction(each.name)) throw unknownFunction(each);
      return false;
    });
  }
}

const expressionsOf = ({ select, where, groupBy, partitionBy, having, joins }: Query): readonly Expression[] => [
  ...select.flatMap((item) => (item.kind === 'expression' ? [item.expression] : [])),
  ...joins.map(({ on }) => on),
  ...[where, having].filter((each) => each !== undefined),
  ...groupBy,
  ...partitionBy,
];
