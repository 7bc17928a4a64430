import type { Duplex } from 'node:stream';
import pg from 'pg';

/**
 * pg's parser trusts the server: what is not of PostgreSQL's protocol throws out of the socket's event, which would end the
 * process, and an error message without an end is read for ever. Here either one is the end of the connection.
 */
export class GuardedClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const { connection } = this;
    const attach = connection.attachListeners.bind(connection);
    connection.attachListeners = () => attach(guarded(connection.stream));
  }
}

function guarded(stream: Duplex): Parameters<pg.Connection['attachListeners']>[0] {
  const frames = new Frames();
  const refuse = (why: string): void => {
    stream.destroy(new Error(`the server does not speak PostgreSQL's protocol: ${why}`));
  };
  const checked =
    (listener: (bytes: Buffer) => void) =>
    (bytes: Buffer): void => {
      const problem = frames.problemIn(bytes);
      if (problem !== undefined) {
        refuse(problem);
        return;
      }
      try {
        listener(bytes);
      } catch {
        refuse('one of its messages has fields beyond its end, or of no known kind');
      }
    };
  const on = (event: string, listener: (bytes: Buffer) => void) =>
    stream.on(event, event === 'data' ? checked(listener) : listener);
  return { on };
}

const HEAD_BYTES = 5;
/** PostgreSQL's own limit of a message. */
const FRAME_BYTES_MAX = 2 ** 30;
const ERROR_BYTES_MAX = 2 ** 20;
const ERROR = 0x45;
const NOTICE = 0x4e;

/** Follows the messages of a server: one byte of kind, four of length. */
export class Frames {
  private head: Buffer = Buffer.alloc(0);
  private left = 0;
  /** Of an error or a notice, which are the ones that pg reads to their end, wherever that is. */
  private body: Buffer[] | undefined;

  problemIn(bytes: Buffer): string | undefined {
    for (let at = 0; at < bytes.length; ) {
      if (this.left > 0) {
        const size = Math.min(this.left, bytes.length - at);
        this.body?.push(bytes.subarray(at, at + size));
        this.left -= size;
        at += size;
      } else {
        const missing = HEAD_BYTES - this.head.length;
        const part = bytes.subarray(at, at + missing);
        at += part.length;
        this.head = this.head.length === 0 ? part : Buffer.concat([this.head, part]);
        if (this.head.length < HEAD_BYTES) return undefined;
        const problem = this.begin(this.head[0] ?? 0, this.head.readUInt32BE(1));
        this.head = Buffer.alloc(0);
        if (problem !== undefined) return problem;
      }
      if (this.left > 0 || this.body === undefined) continue;
      if (!isEnded(Buffer.concat(this.body))) return 'one of its errors has no end';
      this.body = undefined;
    }
    return undefined;
  }

  private begin(kind: number, length: number): string | undefined {
    const isError = kind === ERROR || kind === NOTICE;
    if (length < 4 || length > (isError ? ERROR_BYTES_MAX : FRAME_BYTES_MAX)) return `a message of ${length} bytes`;
    this.left = length - 4;
    this.body = isError ? [] : undefined;
    return undefined;
  }
}

/** Fields of a letter and a text, each ended by a zero, and a zero instead of a letter. */
function isEnded(body: Buffer): boolean {
  for (let at = 0; at < body.length; ) {
    if (body[at] === 0) return true;
    const end = body.indexOf(0, at + 1);
    if (end === -1) return false;
    at = end + 1;
  }
  return false;
}
