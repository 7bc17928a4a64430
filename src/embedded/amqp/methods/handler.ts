import type { Args, Fields, Method } from '../../../protocol/amqp/method.js';
import type { Channel } from '../connection/channel.js';

/** A client's method: what is done, and what the documentation says of it. */
export interface MethodHandler {
  readonly method: Method;
  readonly supports: string;
  readonly lacks?: string;
  /** Absent where channel or connection do it themselves, as part of their states. */
  handle?(channel: Channel, args: Args): void;
}

export function handler<F extends Fields>(
  method: Method<F>,
  entry: {
    readonly supports: string;
    readonly lacks?: string;
    /** Throws AmqpError. */
    readonly handle?: (channel: Channel, args: Args<F>) => void;
  },
): MethodHandler {
  return { method, ...entry };
}
