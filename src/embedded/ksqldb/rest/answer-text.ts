import type { Response } from '../../../http/front.js';

/** Of a long answer, so much is made before it is written. */
const PIECE_CHARS = 64 * 1024;

/**
 * The text of an answer that comes bit by bit. What comes in one turn goes as one piece; an answer that ends in that turn, as that of
 * a pull query by key does, goes with its headers and its length in a single write, which is most of what the kernel has to do for it.
 */
export class AnswerText {
  private waiting = '';
  /** While the client does not keep up; it is told from when it fell behind, since nobody may be writing when it has caught up. */
  private behind: Promise<void> | undefined;

  constructor(private readonly response: Response) {}

  /** A promise: the client does not keep up. Resolves at once where it is gone. */
  write(text: string): Promise<void> | undefined {
    if (this.waiting === '') process.nextTick(() => this.flush());
    this.waiting += text;
    if (this.waiting.length >= PIECE_CHARS) this.flush();
    return this.isOpen ? this.behind : undefined;
  }

  end(text: string): void {
    const last = this.waiting + text;
    this.waiting = '';
    if (!this.isOpen) return;
    // Not end(''): in HTTP/2, Node 20 overwrites the text before an empty one that has not been sent yet.
    if (last === '') this.response.end();
    else this.response.end(last);
  }

  flush(): void {
    const text = this.waiting;
    this.waiting = '';
    if (text !== '' && this.isOpen && !this.response.write(text)) this.behind ??= this.caughtUp();
  }

  private get isOpen(): boolean {
    return !this.response.destroyed && !this.response.writableEnded;
  }

  private caughtUp(): Promise<void> {
    const { response } = this;
    return new Promise((resolve) => {
      const done = () => {
        response.off('drain', done);
        response.off('close', done);
        this.behind = undefined;
        resolve();
      };
      response.once('drain', done);
      response.once('close', done);
    });
  }
}
