import type { KafkaClient, PartitionPosition, ReaderOptions, RecordBatch } from './contract.js';

/**
 * All records of a topic from `from` (default: the earliest) up to where it ends at the time of the call, as batches;
 * partitions arrive interleaved, each in its own order. Ends by itself. A topic that does not exist has no records. Where a
 * transaction is open it ends there; with `endsOpen` it waits until that is over.
 */
export async function* readToEnd(
  kafka: KafkaClient,
  topic: string,
  options: {
    readonly from?: readonly PartitionPosition[];
    readonly signal?: AbortSignal;
    readonly endsOpen?: boolean;
    /** As a reader's: the batches are empty, and what comes after the end may be seen too. */
    readonly visit?: ReaderOptions['visit'];
  } = {},
): AsyncGenerator<RecordBatch> {
  if ((await kafka.describeTopic(topic)) === undefined) return;
  const isolation = options.endsOpen === true ? 'read_uncommitted' : 'read_committed';
  const ends = new Map((await kafka.offsets(topic, 'latest', isolation)).map((end) => [end.partition, end.offset]));
  const starts = options.from ?? (await kafka.offsets(topic, 'earliest'));
  const open = new Set(
    starts.filter((start) => start.offset < (ends.get(start.partition) ?? 0n)).map((start) => start.partition),
  );
  if (open.size === 0) return;
  const reader = kafka.reader({
    from: starts.filter((start) => open.has(start.partition)),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.visit === undefined ? {} : { visit: options.visit }),
  });
  try {
    for await (const batch of reader) {
      const end = ends.get(batch.partition) ?? 0n;
      const records = batch.records.filter((record) => record.offset < end);
      // Whoever goes on from there is to read what came after the end.
      const nextOffset = batch.nextOffset < end ? batch.nextOffset : end;
      if (records.length > 0) yield { ...batch, records, nextOffset };
      if (nextOffset < end) continue;
      open.delete(batch.partition);
      if (open.size === 0) return;
      reader.unassign([{ topic, partition: batch.partition }]);
    }
  } finally {
    await reader.close();
  }
}
