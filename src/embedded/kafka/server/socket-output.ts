import type { Socket } from 'node:net';
import type { Part } from '../../../protocol/kafka/writer.js';
import { OutgoingRange } from '../log/file-range.js';

/**
 * What is in memory of an answer that is in files, per connection: small enough to stay in the processor's cache
 * between the read and the write, and for thousands of readers that have stopped reading.
 */
const PIECE_BYTES = 128 * 1024;

/** Pieces that are kept for the next answers: more are only under way where clients are slow. */
const FREE_PIECES_MAX = 4;

const freePieces: Buffer[] = [];

/**
 * The way of the answers to one client. What its socket takes at once is sent without waiting, from a few buffers that
 * all connections share; where it doesn't, nothing more is read from disk until the client has caught up.
 */
export class SocketOutput {
  constructor(private readonly socket: Socket) {}

  /** The answers that `work` sends go out together. */
  together(work: () => void): void {
    this.socket.cork();
    try {
      work();
    } finally {
      this.socket.uncork();
    }
  }

  /** Undefined where nothing is left to be waited for; else resolves when the client took it, or is gone. */
  send(parts: readonly Part[]): Promise<void> | undefined {
    const [only] = parts;
    if (parts.length > 1 || !Buffer.isBuffer(only)) return this.sendPieces(parts);
    if (this.socket.writableLength + only.length > this.socket.writableHighWaterMark) return this.write(only);
    this.socket.write(only);
    return undefined;
  }

  /** Sends the last answer and ends the connection. */
  end(parts: readonly Part[]): void {
    this.socket.end(Buffer.concat(parts.filter((part) => Buffer.isBuffer(part))));
    releaseAll(parts);
  }

  private async sendPieces(parts: readonly Part[]): Promise<void> {
    this.socket.uncork(); // what was corked goes first, and pieces go as they are
    const piece = freePieces.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
    let filled = 0;
    try {
      for (const part of parts) {
        for (let from = 0; from < part.length; ) {
          const length = Math.min(part.length - from, PIECE_BYTES - filled);
          if (Buffer.isBuffer(part)) part.copy(piece, filled, from, from + length);
          else if (part instanceof OutgoingRange) part.read(piece, filled, from, length);
          from += length;
          filled += length;
          if (filled < PIECE_BYTES) continue;
          const wait = this.write(piece);
          if (wait !== undefined) await wait;
          if (this.socket.destroyed) return;
          filled = 0;
        }
      }
      if (filled > 0) await this.write(piece.subarray(0, filled));
      if (freePieces.length < FREE_PIECES_MAX) freePieces.push(piece);
    } finally {
      releaseAll(parts);
    }
  }

  /** Undefined where the system has a copy of the bytes already. */
  private write(bytes: Buffer): Promise<void> | undefined {
    let resolve: (() => void) | undefined;
    this.socket.write(bytes, () => resolve?.());
    if (this.socket.writableLength === 0) return undefined;
    return new Promise((done) => {
      resolve = done;
    });
  }
}

/** For an answer that is not sent. */
export function releaseAll(parts: readonly Part[]): void {
  for (const part of parts) if (part instanceof OutgoingRange) part.release();
}
