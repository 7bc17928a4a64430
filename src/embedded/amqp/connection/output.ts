import type { Socket } from 'node:net';
import { ByteWriter } from '../../../protocol/amqp/byte-writer.js';
import {
  FRAME_OVERHEAD,
  writeBodyFrame,
  writeHeaderFrame,
  writeHeartbeat,
  writeMethodFrame,
} from '../../../protocol/amqp/frame.js';
import type { Args, Fields, Method } from '../../../protocol/amqp/method.js';
import { BASIC_CLASS } from '../../../protocol/amqp/methods.js';
import type { Commits } from '../storage/commits.js';
import type { Message } from '../storage/entry.js';

/** Consumers get nothing more while this much waits for the socket. */
const BACKLOG_BYTES = 256 * 1024;
/** Answers, returns and the like: beyond this the client is not read either. */
const BACKLOG_BYTES_MAX = 16 * 1024 * 1024;
const FIRST_BYTES = 4096;

/** Frames on their way to one client, sent at the end of the turn, after the commit that they may confirm. */
export class Output {
  private readonly writer = new ByteWriter(FIRST_BYTES);
  /** Something was sent since this was last set to false; heartbeats ask. */
  active = false;
  private waiting = false;

  constructor(
    private readonly socket: Socket,
    private readonly commits: Commits,
    /** The client has taken what was too much for it. */
    private readonly relieved: () => void,
  ) {
    socket.on('drain', () => this.drained());
  }

  private get backlog(): number {
    return this.writer.at + this.socket.writableLength;
  }

  /** Consumers have to wait. */
  get isBehind(): boolean {
    if (this.waiting) return true;
    this.waiting = this.backlog > BACKLOG_BYTES;
    return this.waiting;
  }

  /** The client sends, but does not read. */
  get isStuck(): boolean {
    return this.backlog > BACKLOG_BYTES_MAX;
  }

  method<F extends Fields>(channel: number, method: Method<F>, args: Args<F>): void {
    writeMethodFrame(this.writer, channel, method, args);
    this.commits.send(this);
  }

  content<F extends Fields>(
    channel: number,
    method: Method<F>,
    args: Args<F>,
    { properties, body }: Pick<Message, 'properties' | 'body'>,
    frameBytesMax: number,
  ): void {
    writeMethodFrame(this.writer, channel, method, args);
    writeHeaderFrame(this.writer, channel, BASIC_CLASS, body.length, properties);
    const payloadBytesMax = frameBytesMax - FRAME_OVERHEAD;
    for (let from = 0; from < body.length; from += payloadBytesMax) {
      writeBodyFrame(this.writer, channel, body.subarray(from, from + payloadBytesMax));
    }
    this.commits.send(this);
  }

  heartbeat(): void {
    writeHeartbeat(this.writer);
    this.commits.send(this);
  }

  flush(): void {
    if (this.writer.at === 0) return;
    this.active = true;
    if (this.socket.writable) this.socket.write(this.writer.take());
    else this.writer.clear();
    if (this.waiting && !this.socket.writableNeedDrain) setImmediate(() => this.drained());
  }

  private drained(): void {
    this.waiting = false;
    this.relieved();
  }
}
