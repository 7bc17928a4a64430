import { ENDS_CONNECTION, REPLY_CODES, type ReplyName } from '../../protocol/amqp/reply-code.js';

/** What a client did wrong, in RabbitMQ's words: ends its channel, or its connection where the code is of that kind. */
export class AmqpError extends Error {
  override readonly name = 'AmqpError';

  constructor(
    readonly reply: ReplyName,
    /** Without the code's name before it. */
    readonly text: string,
  ) {
    super(`${reply} - ${text}`);
  }

  get code(): number {
    return REPLY_CODES[this.reply];
  }

  get endsConnection(): boolean {
    return ENDS_CONNECTION.has(this.reply);
  }
}

/** `queue 'x' in vhost '/'`, as RabbitMQ names things in its texts. */
export const named = (kind: 'queue' | 'exchange', name: string): string => `${kind} '${name}' in vhost '/'`;
