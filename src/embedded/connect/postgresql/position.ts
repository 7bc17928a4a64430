import type { SourceOffset } from '../worker/source-task.js';
import type { IncrementalState } from './incremental.js';

/**
 * Where in the WAL a connector is. Transactions arrive whole, in the order of their commits; `commitLsn` is the end
 * of the last one that is done with, and everything before it is. Within the next one, changes up to `doneLsn` are
 * done with; several changes can share an LSN (a COPY), so the one at `lsn` itself may have more to come.
 */
export interface Position {
  readonly lsn: bigint;
  readonly doneLsn: bigint;
  readonly commitLsn: bigint;
  /** Within a transaction: how many of its changes at `lsn` are told, all of their records; absent: not counted. */
  readonly told?: number | undefined;
  readonly txId: number | null;
  readonly timeUs: number;
  /** INSERT, UPDATE, DELETE, TRUNCATE, MESSAGE, COMMIT; null after a snapshot. */
  readonly messageType: string | null;
  /** While and right after a snapshot. */
  readonly snapshot?: { readonly completed: boolean } | undefined;
  /** While an incremental snapshot runs. */
  readonly incremental?: IncrementalState | undefined;
}

/** Debezium has none: it takes all at the place of a change for told, also where more rows of a COPY followed. */
const TOLD = 'evpipe_told_at_lsn';

/** As Debezium stores it: lsn_proc, messageType, lsn_commit, lsn, txId, ts_usec; `exact` with what it takes to go on without telling anything twice. */
export function offsetOf(position: Position, exact = false): SourceOffset {
  if (position.snapshot !== undefined)
    return {
      last_snapshot_record: position.snapshot.completed,
      lsn: position.lsn,
      txId: position.txId,
      ts_usec: position.timeUs,
      snapshot: 'INITIAL',
      snapshot_completed: position.snapshot.completed,
    };
  return {
    lsn_proc: position.doneLsn,
    messageType: position.messageType,
    lsn_commit: position.commitLsn,
    lsn: position.lsn,
    txId: position.txId,
    ts_usec: position.timeUs,
    ...(exact && { [TOLD]: position.told ?? 0 }),
    ...incrementalOffset(position.incremental),
  };
}

/** Up to where the transaction is done with that was told in part; 0: nothing of it. */
export function doneOfTransaction({ lsn, doneLsn, told = 0, messageType }: Position): bigint {
  if (told > 0) return lsn - 1n;
  // A transaction's first change can be where the commit before it ends: the same place means the one or the other.
  return messageType === null || messageType === 'BEGIN' || messageType === 'COMMIT' ? 0n : doneLsn;
}

const COLLECTIONS = 'incremental_snapshot_collections';
/** Debezium keeps the key as a serialized Java object: another worker begins such a table anew. */
const AFTER_KEY = 'evpipe_incremental_snapshot_key';

function incrementalOffset(state: IncrementalState | undefined): SourceOffset {
  if (state === undefined) return {};
  const tables = state.tables.map(({ table, filter, surrogateKey }) => ({
    [`${COLLECTIONS}_id`]: table,
    [`${COLLECTIONS}_additional_condition`]: filter ?? null,
    [`${COLLECTIONS}_surrogate_key`]: surrogateKey ?? null,
  }));
  return { [COLLECTIONS]: JSON.stringify(tables), [AFTER_KEY]: state.afterKey ? JSON.stringify(state.afterKey) : null };
}

function incrementalOf(offset: SourceOffset): IncrementalState | undefined {
  const collections = offset[COLLECTIONS];
  if (typeof collections !== 'string') return undefined;
  const tables = (JSON.parse(collections) as Array<Record<string, string | null>>).map((entry) => {
    const filter = entry[`${COLLECTIONS}_additional_condition`] ?? '';
    const surrogateKey = entry[`${COLLECTIONS}_surrogate_key`] ?? '';
    return {
      table: (entry[`${COLLECTIONS}_id`] ?? '').replaceAll('"', ''),
      ...(filter === '' ? {} : { filter }),
      ...(surrogateKey === '' ? {} : { surrogateKey }),
    };
  });
  const afterKey = offset[AFTER_KEY];
  return { tables, afterKey: typeof afterKey === 'string' ? (JSON.parse(afterKey) as string[]) : undefined };
}

/** Undefined: there is nothing to resume from (no offset, or of a snapshot that did not end). */
export function positionOf(offset: SourceOffset | undefined): Position | undefined {
  if (offset === undefined || offset.lsn === undefined || offset.lsn === null) return undefined;
  const number = (name: string): bigint | undefined => {
    const value = offset[name];
    return value === undefined || value === null ? undefined : BigInt(value as number);
  };
  const lsn = number('lsn') ?? 0n;
  const inSnapshot = offset.snapshot !== undefined && offset.snapshot !== null;
  if (inSnapshot && offset.snapshot_completed !== true && offset.last_snapshot_record !== true) return undefined;
  const txId = offset.txId;
  const doneLsn = inSnapshot ? lsn : (number('lsn_proc') ?? lsn);
  return {
    lsn,
    doneLsn,
    commitLsn: inSnapshot ? lsn : (number('lsn_commit') ?? doneLsn),
    txId: typeof txId === 'number' ? txId : null,
    timeUs: Number(offset.ts_usec ?? 0),
    messageType: typeof offset.messageType === 'string' ? offset.messageType : null,
    told: number(TOLD) === undefined ? undefined : Number(offset[TOLD]),
    incremental: incrementalOf(offset),
  };
}
