import { type KeyAndValue, keyAndValueAt, recordEnd, recordKeyAt } from '../../protocol/kafka/key-and-value.js';

/** Entries that are written one after the other share a piece of this size; a larger entry has one of its own. */
const PIECE_BYTES = 64 * 1024;

/** So much of a file is read for one entry at first: mostly it is all of it. */
const READ_BYTES = 512;
/** Of the length of a key or value. */
const LENGTH_BYTES_MAX = 5;

/** Key and value as a record of a changelog has them, from the length of the key on; where they are null as in KeyAndValue. */
export interface Packed extends KeyAndValue {
  readonly bytes: Buffer;
  readonly at: number;
}

export function packedAt(bytes: Buffer, at: number): Packed {
  const { keyAt, keyEnd, valueAt, valueEnd } = keyAndValueAt(bytes, at);
  return { bytes, at, keyAt, keyEnd, valueAt, valueEnd };
}

/** Where pieces lie that memory has no room for. */
export interface PieceFile {
  /** Gives where it begins. */
  write(piece: Buffer): number;
  read(into: Buffer, at: number): void;
  /** Nothing of a piece of that length is needed any more. */
  free(at: number, length: number): void;
}

/** Bytes that are written once: records as they were fetched, or entries without anything between them. */
interface Piece {
  readonly number: number;
  readonly isFetched: boolean;
  readonly heldBytes: number;
  /** Undefined: it lies in the file. */
  bytes: Buffer | undefined;
  fileAt: number;
  /** Up to here it is filled. */
  end: number;
  /** Of entries that are still valid. */
  liveBytes: number;
}

/** The bytes of entries in numbered pieces, of which the oldest may have moved to a file. */
export class EntryPieces {
  heldBytes = 0;
  liveBytes = 0;
  /** Of those that have not moved to the file. */
  memoryBytes = 0;
  private readonly pieces = new Map<number, Piece>();
  private readonly inMemory = new Set<Piece>();
  private lastNumber = 0;
  /** What entries are written into. */
  private filled: Piece | undefined;
  /** What was held last as it was fetched: its records come one after the other. */
  private fetched: Piece | undefined;
  /** Goes round and round, so that each piece is looked at now and then. */
  private round: Iterator<Piece> = this.pieces.values();
  private scratch = Buffer.allocUnsafe(READ_BYTES);

  constructor(private readonly file: PieceFile | undefined) {}

  /** Holds on to what was fetched; gives the number of the piece in which the entry lies. */
  hold({ bytes, at, valueEnd }: Packed): number {
    if (this.fetched === undefined || this.fetched.bytes !== bytes) {
      this.fetched = this.add(bytes, bytes.length, true);
    }
    this.live(this.fetched, valueEnd - at);
    return this.fetched.number;
  }

  /** Makes room for an entry of so many bytes: they are to be written where it says. */
  place(bytes: number): { readonly number: number; readonly into: Buffer; readonly at: number } {
    let { filled } = this;
    if (filled?.bytes === undefined || filled.end + bytes > filled.bytes.length) {
      filled = this.add(Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, bytes)), 0, false);
      this.filled = filled;
    }
    const at = filled.end;
    filled.end += bytes;
    this.live(filled, bytes);
    return { number: filled.number, into: filled.bytes as Buffer, at };
  }

  /** What is read from the file is there until the next is. */
  entry(number: number, at: number): Packed {
    const piece = this.piece(number);
    return piece.bytes === undefined ? this.read(piece, at) : packedAt(piece.bytes, at);
  }

  /** An entry is not valid any more. */
  release(number: number, bytes: number): void {
    const piece = this.piece(number);
    this.live(piece, -bytes);
    if (piece.liveBytes === 0 && piece !== this.filled) this.drop(piece.number);
  }

  drop(number: number): void {
    const piece = this.piece(number);
    this.pieces.delete(number);
    this.heldBytes -= piece.heldBytes;
    this.liveBytes -= piece.liveBytes;
    if (this.fetched === piece) this.fetched = undefined;
    if (piece.bytes === undefined) this.file?.free(piece.fileAt, piece.end);
    else this.forget(piece);
  }

  get numbers(): Iterable<number> {
    return this.pieces.keys();
  }

  /** The next one of which most is not valid any more. */
  nextSparse(): number | undefined {
    for (let left = this.pieces.size; left >= 0; left -= 1) {
      let next = this.round.next();
      if (next.done === true) {
        this.round = this.pieces.values();
        next = this.round.next();
      }
      if (next.done !== true && this.isSparse(next.value)) return next.value.number;
    }
    return undefined;
  }

  private isSparse(piece: Piece): boolean {
    return piece !== this.filled && piece !== this.fetched && 2 * piece.liveBytes <= piece.heldBytes;
  }

  /** Moves the oldest one to the file; false: there is none to be moved. */
  spill(): boolean {
    for (const piece of this.inMemory) {
      if (this.file === undefined || piece.bytes === undefined || piece === this.filled) continue;
      piece.fileAt = this.file.write(piece.bytes.subarray(0, piece.end));
      this.forget(piece);
      return true;
    }
    return false;
  }

  /** Each entry that ever was in a piece, and where it lies in it; those that are not valid any more, too. */
  *entriesOf(number: number): Iterable<Packed> {
    const piece = this.pieces.get(number);
    if (piece === undefined) return;
    const { isFetched } = piece;
    const bytes = piece.bytes ?? this.readAll(piece);
    for (let at = 0; at < piece.end; ) {
      const entry = packedAt(bytes, isFetched ? recordKeyAt(bytes, at) : at);
      yield entry;
      at = isFetched ? recordEnd(bytes, at) : entry.valueEnd;
    }
  }

  clear(): void {
    for (const number of [...this.pieces.keys()]) this.drop(number);
    this.filled = undefined;
  }

  private piece(number: number): Piece {
    const piece = this.pieces.get(number);
    if (piece === undefined) throw new RangeError('no entry is there');
    return piece;
  }

  private add(bytes: Buffer, end: number, isFetched: boolean): Piece {
    this.lastNumber += 1;
    const heldBytes = bytes.length;
    const piece = { number: this.lastNumber, isFetched, heldBytes, bytes, fileAt: 0, end, liveBytes: 0 };
    this.pieces.set(piece.number, piece);
    this.inMemory.add(piece);
    this.heldBytes += heldBytes;
    this.memoryBytes += heldBytes;
    return piece;
  }

  private live(piece: Piece, bytes: number): void {
    piece.liveBytes += bytes;
    this.liveBytes += bytes;
  }

  private forget(piece: Piece): void {
    piece.bytes = undefined;
    this.inMemory.delete(piece);
    this.memoryBytes -= piece.heldBytes;
  }

  private read(piece: Piece, at: number): Packed {
    const left = piece.end - at;
    for (let wanted = READ_BYTES; ; ) {
      const count = Math.min(wanted, left);
      if (count > this.scratch.length) this.scratch = Buffer.allocUnsafeSlow(count);
      const bytes = this.scratch;
      this.file?.read(bytes.subarray(0, count), piece.fileAt + at);
      const entry = packedAt(bytes, 0);
      const lengthsEnd = entry.keyEnd + LENGTH_BYTES_MAX;
      wanted = lengthsEnd > count ? lengthsEnd : entry.valueEnd;
      if (count === left || wanted <= count) return entry;
    }
  }

  private readAll(piece: Piece): Buffer {
    const bytes = Buffer.allocUnsafeSlow(piece.end);
    this.file?.read(bytes, piece.fileAt);
    return bytes;
  }
}
