import { ERROR_CODES } from '../../protocol/kafka/errors.js';
import type {
  OutgoingRecord,
  PartitionPosition,
  TransactionalProducer,
  TransactionalProducerOptions,
} from './contract.js';
import { kafkaError } from './kafka-errors.js';
import { Producer } from './producer.js';
import type { ProducerLink } from './producer-link.js';
import type { Transaction } from './transaction.js';

/** A producer whose records count when their transaction is committed. It begins with the first record or offset. */
export class TransactionProducer extends Producer implements TransactionalProducer {
  private ending = false;

  constructor(
    link: ProducerLink,
    private readonly transaction: Transaction,
    options: TransactionalProducerOptions,
    onClose: () => void,
  ) {
    super(link, options, onClose);
  }

  async init(): Promise<void> {
    await this.transaction.identify();
  }

  override append(record: OutgoingRecord): void {
    // It would belong to either transaction, or on a broker of KIP-890 to neither.
    if (this.ending) this.fail(kafkaError(ERROR_CODES.INVALID_TXN_STATE, 'a record came while its transaction ended'));
    super.append(record);
  }

  sendOffsets(group: string, positions: readonly PartitionPosition[]): Promise<void> {
    return this.transaction.addOffsets(group, positions);
  }

  commit(): Promise<void> {
    return this.end(true);
  }

  abort(): Promise<void> {
    return this.end(false);
  }

  /** What is not committed is aborted. */
  override async close(): Promise<void> {
    try {
      if (this.lost === undefined) await this.abort();
    } finally {
      await super.close();
    }
  }

  /** Also what is aborted is written first: nothing of it may arrive in the next transaction. */
  private async end(committed: boolean): Promise<void> {
    this.ending = true;
    try {
      await this.flush();
      await this.transaction.end(committed);
      this.renewIdentity();
    } catch (failure) {
      this.fail(failure);
      throw failure;
    } finally {
      this.ending = false;
    }
  }
}
