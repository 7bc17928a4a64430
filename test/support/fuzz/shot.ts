import type { Exchange } from './attacked.js';

/** One input for one handler of one server. */
export interface Shot {
  readonly handler: string;
  readonly bytes: Buffer;
  /** For the report of what it did. */
  readonly shown: string;
  /** What it asks for may take its time, or have no answer. */
  readonly mayWait: boolean;
  isComplete(received: Buffer): boolean;
  /** Sent whole: it has come to its handler and was understood. */
  isReached(exchange: Exchange): boolean;
  /** What no answer may say. */
  defectOf(exchange: Exchange): string | undefined;
}
