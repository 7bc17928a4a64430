import type { PieceFile } from './entry-pieces.js';

/** It is looked at again whenever so many times less than the bound has been added. */
const LOOKS = 64;

/** What takes memory that it can give back. */
export interface MemoryHolder {
  readonly memoryBytes: number;
  /** Gives some of it back, if it can. */
  release(): void;
}

/** The memory that all stores of an engine share, and the file that takes what is beyond it. */
export class StateMemory {
  private readonly holders = new Set<MemoryHolder>();
  private grown = 0;

  constructor(
    private bytesMax: number,
    readonly file: PieceFile,
  ) {}

  add(holder: MemoryHolder): void {
    this.holders.add(holder);
  }

  delete(holder: MemoryHolder): void {
    this.holders.delete(holder);
  }

  limit(bytesMax: number): void {
    this.bytesMax = bytesMax;
    this.shrink();
  }

  grew(bytes: number): void {
    this.grown += bytes;
    if (this.grown * LOOKS > this.bytesMax) this.shrink();
  }

  /** Who has most gives back until there is enough. */
  private shrink(): void {
    this.grown = 0;
    for (;;) {
      let [total, most, largest] = [0, 0, undefined as MemoryHolder | undefined];
      for (const holder of this.holders) {
        const { memoryBytes } = holder;
        total += memoryBytes;
        if (memoryBytes > most) [most, largest] = [memoryBytes, holder];
      }
      if (total <= this.bytesMax || largest === undefined) return;
      largest.release();
      if (largest.memoryBytes >= most) return;
    }
  }
}
