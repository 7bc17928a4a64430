/** A connection that has sent this much of a frame that is not complete counts against the bound of all of them. */
export class FrameMemory {
  private readonly inputs = new Set<FrameInput>();
  private bytes = 0;

  constructor(private readonly bytesMax: number) {}

  add(input: FrameInput): void {
    this.inputs.add(input);
  }

  remove(input: FrameInput): void {
    this.inputs.delete(input);
    this.bytes -= input.held;
  }

  /** Beyond the bound the connection that holds most is ended: those with frames of a usual size are never the one. */
  changed(difference: number): void {
    this.bytes += difference;
    while (this.bytes > this.bytesMax) {
      let largest: FrameInput | undefined;
      for (const input of this.inputs) if (largest === undefined || input.held > largest.held) largest = input;
      if (largest === undefined || largest.held === 0) return;
      largest.giveUp();
    }
  }
}

/** Cuts a connection's bytes into frames. What was announced is never allocated before it has come. */
export class FrameInput {
  /** Bytes that wait for the rest of their frame. */
  held = 0;
  private chunks: Buffer[] = [];
  private wanted = -1;

  constructor(
    private readonly frameBytesMax: number,
    private readonly memory: FrameMemory,
    /** Gets each whole frame, without its size. */
    private readonly onFrame: (frame: Buffer) => void,
    /** Nothing that this connection sends makes sense any more. */
    readonly giveUp: () => void,
  ) {
    memory.add(this);
  }

  receive(chunk: Buffer): void {
    let rest = chunk;
    if (this.held > 0) {
      this.chunks.push(chunk);
      this.hold(chunk.length);
      if (this.wanted < 0) {
        if (this.held < 4) return;
        this.join();
        if (!this.readSize()) return;
      }
      if (this.held < this.wanted) return;
      rest = this.join();
      this.release();
    }
    while (rest.length >= 4) {
      const size = rest.readInt32BE(0);
      if (size < 0 || size > this.frameBytesMax) {
        this.giveUp();
        return;
      }
      if (rest.length < 4 + size) break;
      this.onFrame(rest.subarray(4, 4 + size));
      rest = rest.subarray(4 + size);
    }
    if (rest.length === 0) return;
    // A copy: the rest of a chunk would keep the whole chunk.
    this.chunks = [rest.length < 1024 ? Buffer.from(rest) : rest];
    this.wanted = -1;
    this.hold(rest.length);
    this.readSize();
  }

  /** False where the size is not known yet, or makes no sense. */
  private readSize(): boolean {
    const first = this.chunks[0];
    if (first === undefined || first.length < 4) return false;
    const size = first.readInt32BE(0);
    if (size < 0 || size > this.frameBytesMax) {
      this.giveUp();
      return false;
    }
    this.wanted = 4 + size;
    return true;
  }

  private join(): Buffer {
    const joined = this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks, this.held);
    this.chunks = [joined];
    return joined;
  }

  private hold(bytes: number): void {
    this.held += bytes;
    this.memory.changed(bytes);
  }

  private release(): void {
    const bytes = this.held;
    this.held = 0;
    this.chunks = [];
    this.wanted = -1;
    this.memory.changed(-bytes);
  }

  /** The connection is gone. */
  end(): void {
    this.memory.remove(this);
    this.held = 0;
    this.chunks = [];
  }
}
