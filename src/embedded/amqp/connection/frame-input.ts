import { FRAME_END, FRAME_OVERHEAD, type Frame } from '../../../protocol/amqp/frame.js';
import { MalformedFrame } from '../../../protocol/amqp/malformed.js';

const HEADER_BYTES = 7;

/** Cuts a connection's bytes into frames. What was announced is never allocated before it has come. */
export class FrameInput {
  private chunks: Buffer[] = [];
  private held = 0;
  private wanted = HEADER_BYTES;

  constructor(
    /** With its overhead. */
    private readonly frameBytesMax: () => number,
    private readonly onFrame: (frame: Frame) => void,
  ) {}

  /** Throws MalformedFrame. */
  receive(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.held += chunk.length;
    if (this.held < this.wanted) return;
    let rest = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks, this.held);
    this.chunks = [];
    this.held = 0;
    this.wanted = HEADER_BYTES;
    while (rest.length >= HEADER_BYTES) {
      const payloadBytes = rest.readUInt32BE(3);
      const size = payloadBytes + FRAME_OVERHEAD;
      const most = this.frameBytesMax();
      if (size > most) throw new MalformedFrame(`frame_too_large,${payloadBytes},${most - FRAME_OVERHEAD}`, 501);
      if (rest.length < size) {
        this.wanted = size;
        break;
      }
      if (rest[size - 1] !== FRAME_END) throw new MalformedFrame(`bad_payload: no frame end`, 501);
      this.onFrame({
        type: rest[0] as number,
        channel: rest.readUInt16BE(1),
        payload: rest.subarray(HEADER_BYTES, size - 1),
      });
      rest = rest.subarray(size);
    }
    if (rest.length === 0) return;
    // A copy: the rest of a chunk would keep the whole chunk.
    this.chunks = [rest.length < 1024 ? Buffer.from(rest) : rest];
    this.held = rest.length;
  }
}
