import type { Clock } from '../../support/clock.js';
import type { Log } from '../../support/log.js';

export interface AmqpOptions {
  /** Everything is kept here; made where it is missing. */
  readonly dataDir: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Of the HTTP API; default 0: any free one. */
  readonly managementPort?: number;
  /** Names besides those of loopback that clients of the HTTP API call it by. */
  readonly allowedHosts?: readonly string[];
  /** Default guest. */
  readonly user?: string;
  /** Default guest. */
  readonly password?: string;
  /** Contents of messages that may be in memory together; what is beyond is read back from disk. Default 64 MiB. */
  readonly memoryBytesMax?: number;
  /** Of a queue's files; default 16 MiB. */
  readonly segmentBytes?: number;
  readonly clock?: Clock;
  readonly log?: Log;
}

/** The release whose behaviour is followed. */
export const RABBITMQ_VERSION = '3.10.8';
