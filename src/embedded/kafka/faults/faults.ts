import type { ErrorName } from '../../../protocol/kafka/errors.js';

/** What goes wrong with requests of one kind; given to `addFault` of a running broker. */
export interface KafkaFault {
  /** By its name in the protocol: Produce, Fetch, JoinGroup … (docs/kafka.md lists them). */
  readonly request: string;
  /** Only requests of this client; default: of all. */
  readonly clientId?: string;
  /** How many requests have it; default: all, until it is removed. */
  readonly times?: number;
  /** Milliseconds that the request waits before anything else happens to it. */
  readonly delayMs?: number;
  /** The request is not carried out, and answered with this error, such as NOT_LEADER_OR_FOLLOWER. */
  readonly error?: ErrorName;
  /** The connection ends: before the request is carried out, or after it, when its answer would come. */
  readonly disconnect?: 'before' | 'after';
}

export interface AddedFault {
  /** How many requests have had it. */
  readonly hits: number;
  remove(): void;
}

/** The faults that tests have added; a request has the oldest that matches it. */
export class Faults {
  private readonly faults = new Set<{ readonly fault: KafkaFault; hits: number }>();

  add(fault: KafkaFault): AddedFault {
    const added = { fault, hits: 0 };
    this.faults.add(added);
    return {
      get hits() {
        return added.hits;
      },
      remove: () => this.faults.delete(added),
    };
  }

  /** The fault of this request, counted; undefined where it goes well. */
  take(request: string, clientId: string): KafkaFault | undefined {
    for (const added of this.faults) {
      const { fault } = added;
      if (fault.request !== request || (fault.clientId !== undefined && fault.clientId !== clientId)) continue;
      added.hits++;
      if (added.hits === fault.times) this.faults.delete(added);
      return fault;
    }
    return undefined;
  }
}
