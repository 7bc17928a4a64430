import { findCoordinator } from '../../protocol/kafka/messages/find-coordinator.js';
import type { Cluster, Connections } from './cluster.js';
import { hasCode, isRetriable, persist, throwIfError } from './kafka-errors.js';

const KEY_TYPES = { group: 0, 'transactional id': 1 } as const;

/** Which broker coordinates a group or a transactional id: asked once, and again after it has not answered or refused. */
export class Coordinators {
  private readonly known = new Map<string, number>();

  constructor(
    private readonly kind: keyof typeof KEY_TYPES,
    private readonly cluster: Cluster,
    private readonly connections: Connections,
  ) {}

  at<T>(key: string, attempt: (broker: number, leftMs: number, again: boolean) => Promise<T>): Promise<T> {
    return persist(async (leftMs, again) => {
      try {
        return await attempt(await this.find(key, leftMs), leftMs, again);
      } catch (failure) {
        if (isRetriable(failure) && !hasCode(failure, 'CONCURRENT_TRANSACTIONS')) this.known.delete(key);
        throw failure;
      }
    }, this.cluster);
  }

  private async find(key: string, timeoutMs: number): Promise<number> {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const value = { key, keyType: KEY_TYPES[this.kind] };
    const answer = await this.connections.callAny(findCoordinator, value, { timeoutMs, newest: 3 });
    throwIfError(answer.errorCode, answer.errorMessage, `coordinator of ${this.kind} ${key}`);
    this.known.set(key, answer.nodeId);
    return answer.nodeId;
  }
}
