import { javaRegex } from '../../../protocol/connect/option.js';
import { isJsonObject } from '../../../protocol/json/parse.js';
import type { Tuple } from '../../../protocol/pgoutput/decode.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import type { IncrementalSnapshot, SnapshotRequest } from './incremental.js';

/** A row of the signal table (columns id, type, data), or what another channel brought. */
export interface Signal {
  readonly id: string;
  readonly type: string;
  readonly data: string | null;
}

export function signalOf(tuple: Tuple): Signal {
  const [id, type, data] = tuple;
  return { id: id ?? '', type: type ?? '', data: data ?? null };
}

interface SnapshotSignal {
  readonly message?: string;
  readonly type?: string;
  readonly 'data-collections'?: readonly string[];
  readonly 'additional-conditions'?: ReadonlyArray<{ readonly 'data-collection': string; readonly filter: string }>;
  readonly 'additional-condition'?: string;
  readonly 'surrogate-key'?: string;
}

const TEXTS = ['message', 'type', 'additional-condition', 'surrogate-key'] as const;

/** Anybody who may write into the table can write anything: what is of another form must not end the task. Throws what is wrong with it. */
function parametersOf(data: string | null): SnapshotSignal {
  const given: unknown = data === null || data === '' ? {} : JSON.parse(data);
  if (!isJsonObject(given)) throw new Error('its data is not a JSON object');
  for (const name of TEXTS)
    if (given[name] !== undefined && typeof given[name] !== 'string') throw new Error(`its ${name} is not text`);
  const { 'data-collections': collections = [], 'additional-conditions': conditions = [] } = given;
  if (!Array.isArray(collections) || !collections.every((one) => typeof one === 'string'))
    throw new Error('its data-collections are not a list of texts');
  if (!Array.isArray(conditions) || !conditions.every(isCondition))
    throw new Error('its additional-conditions are not a list of objects with data-collection and filter');
  return given;
}

const isCondition = (value: unknown): boolean =>
  isJsonObject(value) && typeof value['data-collection'] === 'string' && typeof value.filter === 'string';

/** What signals work on. */
export interface SignalTargets {
  readonly incremental: IncrementalSnapshot;
  /** The tables that can be read, `schema.table`. */
  readonly tables: readonly string[];
  /** Reads tables while the stream waits, each by the statement that is given for it. */
  readBlocking(selects: ReadonlyMap<string, string | undefined>): void;
}

/**
 * Does what a signal asks for. Supports log, execute-snapshot (incremental and blocking), stop-snapshot,
 * pause-snapshot and resume-snapshot, and the marks of incremental snapshots themselves.
 */
export function handleSignal({ id, type, data }: Signal, targets: SignalTargets, log: Log): void {
  const { incremental: snapshot, tables } = targets;
  const warn = (why: string): void => log.warn('signal was not understood', { id, type, why });
  let given: SnapshotSignal;
  try {
    given = parametersOf(data);
  } catch (failure) {
    warn(messageOf(failure));
    return;
  }
  switch (type) {
    case 'log':
      log.info(given.message ?? '', { signal: id });
      return;
    case 'execute-snapshot':
      switch ((given.type ?? 'incremental').trim().toLowerCase()) {
        case 'incremental':
          snapshot.request(requestsOf(given, tables, warn), id);
          return;
        case 'blocking':
          targets.readBlocking(new Map(requestsOf(given, tables, warn).map(({ table, filter }) => [table, filter])));
          return;
        default:
          warn(`there is no snapshot of type ${given.type}`);
          return;
      }
    case 'stop-snapshot':
      snapshot.stop(
        given['data-collections'] === undefined ? undefined : matching(given['data-collections'], tables, warn),
      );
      return;
    case 'pause-snapshot':
      snapshot.pause();
      return;
    case 'resume-snapshot':
      snapshot.resume();
      return;
    case 'snapshot-window-open':
      snapshot.opened(id);
      return;
    case 'snapshot-window-close':
      snapshot.closed(id);
      return;
    default:
      warn('there is no such signal');
  }
}

function requestsOf(given: SnapshotSignal, tables: readonly string[], warn: (why: string) => void): SnapshotRequest[] {
  const patterns = given['data-collections'] ?? [];
  const found = matching(patterns, tables, warn);
  if (found.length === 0) warn(`no captured table matches ${patterns.join(', ')}`);
  const surrogateKey = given['surrogate-key'];
  return found.map((table) => {
    const conditions = given['additional-conditions'] ?? [];
    const own = conditions.find((one) => matching([one['data-collection']], [table], warn).length > 0)?.filter;
    const filter = own ?? given['additional-condition'];
    return {
      table,
      ...(filter === undefined ? {} : { filter }),
      ...(surrogateKey === undefined ? {} : { surrogateKey }),
    };
  });
}

/** In the order of the patterns. None where one of them takes too long: the server goes on. */
function matching(patterns: readonly string[], tables: readonly string[], warn: (why: string) => void): string[] {
  try {
    return [...new Set(patterns.flatMap((pattern) => tables.filter((table) => matches(pattern.trim(), table))))];
  } catch (failure) {
    warn(messageOf(failure));
    return [];
  }
}

/** A table's name outright, or a regular expression for it. */
function matches(pattern: string, table: string): boolean {
  if (pattern === table) return true;
  let expression: RegExp;
  try {
    expression = javaRegex(`^(?:${pattern})$`, 'i');
  } catch {
    return false; // a name that is not a pattern
  }
  return expression.test(table);
}
