import { MalformedMessage } from '../../../protocol/kafka/malformed.js';
import { type StateRecord, TRANSACTION, TRANSACTION_STATES, typeOf } from '../../../protocol/kafka/state-records.js';
import type { StateTopic } from '../topics/state-topic.js';
import type { Transaction } from './transaction.js';

/** The version of transactions that this broker has (KIP-890). */
const TRANSACTION_VERSION = 2;

export function transactionRecord(id: string, transaction: Transaction): StateRecord {
  const { producerId, epoch, timeoutMs, state, partitions, updatedMs, startMs, previous } = transaction;
  const topics = Object.entries(partitions).map(([topic, partitionIds]) => ({ topic, partitionIds }));
  return TRANSACTION.record(
    { transactionalId: id },
    {
      producerId: BigInt(producerId),
      previousProducerId: BigInt(previous === null || previous.producerId === producerId ? -1 : previous.producerId),
      previousProducerEpoch: previous?.epoch ?? -1,
      producerEpoch: epoch,
      transactionTimeoutMs: timeoutMs,
      transactionStatus: TRANSACTION_STATES.indexOf(state),
      transactionPartitions: state === 'Empty' ? null : topics,
      transactionLastUpdateTimestampMs: BigInt(updatedMs),
      transactionStartTimestampMs: BigInt(startMs),
      clientTransactionVersion: state === 'Empty' ? 0 : TRANSACTION_VERSION,
    },
  );
}

export const transactionTombstone = (id: string): StateRecord => TRANSACTION.record({ transactionalId: id }, null);

export function readTransactions(topic: Pick<StateTopic, 'read'>): Map<string, Transaction> {
  const transactions = new Map<string, Transaction>();
  topic.read({
    record: (key, { value }) => {
      if (typeOf(key) !== TRANSACTION.type) throw new MalformedMessage(`its key has the unknown type ${typeOf(key)}`);
      const id = TRANSACTION.keyOf(key).transactionalId;
      if (value === null) transactions.delete(id);
      else transactions.set(id, transactionOf(value));
    },
  });
  return transactions;
}

function transactionOf(value: Buffer): Transaction {
  const stored = TRANSACTION.valueOf(value);
  const { producerId, previousProducerId, previousProducerEpoch, transactionPartitions } = stored;
  const state = TRANSACTION_STATES[stored.transactionStatus];
  if (state === undefined) throw new MalformedMessage(`it has the unknown status ${stored.transactionStatus}`);
  const previousId = previousProducerId < 0n ? producerId : previousProducerId;
  return {
    producerId: Number(producerId),
    epoch: stored.producerEpoch,
    timeoutMs: stored.transactionTimeoutMs,
    state,
    startMs: Number(stored.transactionStartTimestampMs),
    updatedMs: Number(stored.transactionLastUpdateTimestampMs),
    partitions: Object.fromEntries(
      (transactionPartitions ?? []).map(({ topic, partitionIds }) => [topic, partitionIds]),
    ),
    previous: previousProducerEpoch < 0 ? null : { producerId: Number(previousId), epoch: previousProducerEpoch },
  };
}
