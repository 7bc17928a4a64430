import { encodeBatch } from '../../src/protocol/kafka/encode-batch.js';

/** A batch of records with these values, as a producer sends it. */
export function batchOf(
  values: ReadonlyArray<string | null>,
  attributes: Parameters<typeof encodeBatch>[0] & { readonly key?: string; readonly timestampMs?: number } = {},
): Buffer {
  const { key, timestampMs = Date.now(), ...rest } = attributes;
  return encodeBatch(
    rest,
    values.map((value, at) => ({
      offsetDelta: at,
      timestampMs,
      key: key === undefined ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
    })),
  );
}
