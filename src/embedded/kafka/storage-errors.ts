import { messageOf } from '../../support/errors.js';
import type { Broker } from './broker.js';

/**
 * Carries out what a coordinator writes. What the file system refuses (a full disk) is answered as Kafka answers it:
 * by NOT_COORDINATOR, at which clients look for the coordinator again and repeat the request until there is room.
 */
export function stored<Result>(broker: Broker, what: string, write: () => Result): Result | 'NOT_COORDINATOR' {
  try {
    return write();
  } catch (failure) {
    if (!isOfFileSystem(failure)) throw failure;
    broker.log.error(`could not store ${what}`, { failure: messageOf(failure) });
    return 'NOT_COORDINATOR';
  }
}

export const isOfFileSystem = (failure: unknown): boolean =>
  failure instanceof Error && 'syscall' in failure && typeof failure.syscall === 'string';

/** What a request answers that stores something itself: clients may repeat it once there is room. Throws any other failure. */
export function storageError(failure: unknown): 'KAFKA_STORAGE_ERROR' {
  if (!isOfFileSystem(failure)) throw failure;
  return 'KAFKA_STORAGE_ERROR';
}
