import { ByteReader } from '../../../protocol/amqp/byte-reader.js';
import { FRAME_BODY, FRAME_HEADER, FRAME_METHOD, type Frame } from '../../../protocol/amqp/frame.js';
import type { Args } from '../../../protocol/amqp/method.js';
import { BASIC_CLASS, type basicPublish } from '../../../protocol/amqp/methods.js';
import { AmqpError } from '../amqp-error.js';

/** RabbitMQ's default of max_message_size. */
const MESSAGE_BYTES_MAX = 128 * 1024 * 1024;

/** Bodies that all connections together may have sent in part. */
const INCOMPLETE_BYTES_MAX = 512 * 1024 * 1024;

/** What of unfinished messages is in memory, of all connections. */
export class IncompleteContent {
  bytes = 0;
}

export type PublishArgs = Args<typeof basicPublish.fields>;

/** Puts a message together from the frames that follow its `basic.publish`. */
export class ContentInput {
  private header: { readonly properties: Buffer; readonly bodyBytes: number } | undefined;
  private chunks: Buffer[] = [];
  private received = 0;

  constructor(
    readonly args: PublishArgs,
    private readonly incomplete: IncompleteContent,
  ) {}

  /** Complete or given up; to be called once. */
  release(): void {
    this.incomplete.bytes -= this.received;
  }

  get properties(): Buffer {
    return this.header?.properties ?? Buffer.alloc(0);
  }

  /** Copied out of what came from the socket. */
  get body(): Buffer {
    return Buffer.concat(this.chunks, this.received);
  }

  /** True where the message is complete. Throws AmqpError 505, 406, 501, 506. */
  receive({ type, payload }: Frame): boolean {
    if (this.header === undefined) {
      if (type !== FRAME_HEADER) throw unexpected('header', type);
      this.readHeader(payload);
    } else {
      if (type !== FRAME_BODY) throw unexpected('body', type);
      this.chunks.push(payload);
      this.received += payload.length;
      this.incomplete.bytes += payload.length;
      if (this.incomplete.bytes > INCOMPLETE_BYTES_MAX) {
        throw new AmqpError('RESOURCE_ERROR', `unfinished messages take more than ${INCOMPLETE_BYTES_MAX} bytes`);
      }
      if (this.received > this.header.bodyBytes) {
        throw new AmqpError('FRAME_ERROR', `a body of ${this.header.bodyBytes} bytes was announced, more came`);
      }
    }
    return this.received === this.header?.bodyBytes;
  }

  private readHeader(payload: Buffer): void {
    const reader = new ByteReader(payload);
    const classId = reader.short();
    if (classId !== BASIC_CLASS) {
      throw new AmqpError(
        'UNEXPECTED_FRAME',
        `expected content header for class ${BASIC_CLASS}, got one for class ${classId} instead`,
      );
    }
    reader.short();
    const bodyBytes = reader.longlong();
    if (bodyBytes > MESSAGE_BYTES_MAX) {
      throw new AmqpError(
        'PRECONDITION_FAILED',
        `message size ${bodyBytes} is larger than configured max size ${MESSAGE_BYTES_MAX}`,
      );
    }
    this.header = { properties: Buffer.from(reader.raw(reader.left)), bodyBytes };
  }
}

function unexpected(wanted: 'header' | 'body', type: number): AmqpError {
  const kind = type === FRAME_METHOD ? 'method' : type === FRAME_HEADER ? 'content header' : 'content body';
  return new AmqpError(
    'UNEXPECTED_FRAME',
    `expected content ${wanted} for class ${BASIC_CLASS}, got ${kind === 'method' ? 'non content frame' : kind} instead`,
  );
}
