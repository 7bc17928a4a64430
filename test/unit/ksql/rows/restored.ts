import { FetchedRecords } from '../../../../src/clients/kafka/fetched-records.js';
import { packedAt } from '../../../../src/ksql/rows/entry-pieces.js';
import type { StateMemory } from '../../../../src/ksql/rows/state-memory.js';
import { Store, type StoreSpec } from '../../../../src/ksql/rows/store.js';
import { BatchBuilder } from '../../../../src/protocol/kafka/batch-builder.js';
import { decompress } from '../../../../src/protocol/kafka/compression/codecs.js';

const FETCHED = 200;

export type Change = readonly [key: Buffer, value: Buffer | null];

/** A store that is restored from a changelog, of which each fetch brings some records. */
export function restored(spec: StoreSpec, changes: readonly Change[], memory?: StateMemory): Store {
  const store = new Store(spec, memory);
  for (let at = 0; at < changes.length; at += FETCHED) {
    const batch = new BatchBuilder(16);
    for (const [key, value] of changes.slice(at, at + FETCHED)) batch.append(0, key, value, []);
    const visit: ConstructorParameters<typeof FetchedRecords>[6] = (record) => {
      const change = packedAt(record.bytes, record.at);
      if (store.owns(change)) store.restore(change);
    };
    new FetchedRecords('t', 0, batch.seal(), 0n, [], decompress, visit).takeAll();
  }
  return store;
}
