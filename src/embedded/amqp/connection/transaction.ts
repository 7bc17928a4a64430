import { AmqpError } from '../amqp-error.js';
import type { Publication } from '../publication.js';
import type { Recipient } from '../queues/queue.js';
import type { Delivery } from './deliveries.js';

/** Bodies that one uncommitted transaction may hold. */
const TRANSACTION_BYTES_MAX = 256 * 1024 * 1024;

export interface HeldPublication {
  readonly publication: Publication;
  readonly queues: ReadonlySet<Recipient>;
  readonly mandatory: boolean;
}

export interface HeldSettlement {
  readonly taken: readonly Delivery[];
  readonly how: 'ack' | 'requeue' | 'reject';
}

/** What a channel has published and settled since its last commit. */
export class Transaction {
  private publications: HeldPublication[] = [];
  private settlements: HeldSettlement[] = [];
  private bytes = 0;

  /** Throws AmqpError 506. */
  publish(held: HeldPublication): void {
    this.bytes += held.publication.body.length;
    if (this.bytes > TRANSACTION_BYTES_MAX) {
      throw new AmqpError('RESOURCE_ERROR', `a transaction holds ${TRANSACTION_BYTES_MAX} bytes`);
    }
    this.publications.push(held);
  }

  settle(held: HeldSettlement): void {
    this.settlements.push(held);
  }

  /** Everything since the last commit; the transaction begins anew. */
  take(): { readonly publications: readonly HeldPublication[]; readonly settlements: readonly HeldSettlement[] } {
    const { publications, settlements } = this;
    this.publications = [];
    this.settlements = [];
    this.bytes = 0;
    return { publications, settlements };
  }
}
