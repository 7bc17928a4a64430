import { keyAndValueBytes, writeKeyAndValue } from '../../protocol/kafka/key-and-value.js';
import { EntryPieces, type Packed, type PieceFile } from './entry-pieces.js';

/** Columns of the table, 32 bits each: hash, the number of the entry's piece, where in it the entry begins. */
const HASH = 0;
const PIECE = 1;
const AT = 2;
const COLUMNS = 3;

/** In the place of no entry: there never was one, or there is none any more. */
const EMPTY = 0;
const GONE = -1;
const SLOTS_MIN = 1024;

/** Bytes without use are tolerated up to this, and up to as many as those that have one. */
const SPARE_BYTES = 16 * 1024 * 1024;

/** The hash of an entry's key; undefined where it is nothing that can be among the entries. */
export type HashOf = (entry: Packed) => number | undefined;

/**
 * Entries as the bytes that were fetched or that a changelog got, found by a hash of the key. No object is made for one, so that
 * millions of them cost the garbage collector nothing. A table with open addressing says where they are: 16 to 32 bytes an entry
 * stay in memory, wherever the entry is.
 */
export class PackedEntries {
  size = 0;
  private table = new Int32Array(COLUMNS * SLOTS_MIN);
  /** Slots that hold an entry or held one: a search has to go on behind them. */
  private used = 0;
  private readonly pieces: EntryPieces;

  constructor(
    private readonly hashOf: HashOf,
    file?: PieceFile | undefined,
  ) {
    this.pieces = new EntryPieces(file);
  }

  /** Of entries, without the table. */
  get memoryBytes(): number {
    return this.pieces.memoryBytes;
  }

  /** Holds on to the bytes in which it lies. */
  set(hash: number, entry: Packed): void {
    const row = this.rowOf(hash, entry);
    this.make(row);
    this.fill(row, hash, this.pieces.hold(entry), entry.at);
    this.tidy();
  }

  /** One that is not there yet. */
  add(hash: number, key: Buffer, value: Buffer): void {
    let row = this.firstRow(hash);
    while (this.table[row + PIECE] !== EMPTY) row = this.nextRow(row);
    this.put(row, hash, key, value);
  }

  /** One that may be there. */
  replace(hash: number, key: Buffer, value: Buffer): void {
    this.put(this.rowOf(hash, { bytes: key, keyAt: 0, keyEnd: key.length }), hash, key, value);
  }

  private put(row: number, hash: number, key: Buffer, value: Buffer): void {
    this.make(row);
    const { number, into, at } = this.pieces.place(keyAndValueBytes(key, value));
    writeKeyAndValue(into, at, key, value);
    this.fill(row, hash, number, at);
    this.tidy();
  }

  delete(hash: number, key: Packed): void {
    const row = this.rowOf(hash, key);
    if (this.table[row + PIECE] !== EMPTY) this.free(row);
  }

  /** Takes out the entry of this hash that is it, and gives what `read` makes of it. */
  take<T>(hash: number, isIt: (entry: Packed) => boolean, read: (entry: Packed) => T): T | undefined {
    const { table } = this;
    for (let row = this.firstRow(hash); table[row + PIECE] !== EMPTY; row = this.nextRow(row)) {
      if (table[row + HASH] !== hash || table[row + PIECE] === GONE) continue;
      const found = this.packedAt(row);
      if (!isIt(found)) continue;
      const result = read(found);
      this.free(row);
      return result;
    }
    return undefined;
  }

  /** Mostly in the order in which they were set last. What there is no room for meanwhile may come twice; nothing else may be changed. */
  *[Symbol.iterator](): Iterator<Packed> {
    for (const number of this.pieces.numbers) {
      for (const entry of this.pieces.entriesOf(number)) if (this.rowAt(number, entry) !== undefined) yield entry;
    }
  }

  /** Moves some entries to the file; false: there are none that can be moved. */
  spill(): boolean {
    return this.pieces.spill();
  }

  clear(): void {
    this.table = new Int32Array(COLUMNS * SLOTS_MIN);
    [this.used, this.size] = [0, 0];
    this.pieces.clear();
  }

  private firstRow(hash: number): number {
    return COLUMNS * (hash & (this.table.length / COLUMNS - 1));
  }

  private nextRow(row: number): number {
    return row + COLUMNS === this.table.length ? 0 : row + COLUMNS;
  }

  /** Where a key is, or else the empty row that it gets. */
  private rowOf(hash: number, { bytes, keyAt, keyEnd }: Pick<Packed, 'bytes' | 'keyAt' | 'keyEnd'>): number {
    const { table } = this;
    let row = this.firstRow(hash);
    for (; table[row + PIECE] !== EMPTY; row = this.nextRow(row)) {
      if (table[row + HASH] !== hash || table[row + PIECE] === GONE) continue;
      const known = this.packedAt(row);
      if (bytes.compare(known.bytes, known.keyAt, known.keyEnd, keyAt, keyEnd) === 0) break;
    }
    return row;
  }

  /** The row of what lies there; undefined where that is not valid any more. */
  private rowAt(number: number, entry: Packed): number | undefined {
    const { table } = this;
    const hash = this.hashOf(entry);
    if (hash === undefined) return undefined;
    for (let row = this.firstRow(hash); table[row + PIECE] !== EMPTY; row = this.nextRow(row)) {
      if (table[row + PIECE] === number && table[row + AT] === entry.at) return row;
    }
    return undefined;
  }

  private packedAt(row: number): Packed {
    return this.pieces.entry(this.table[row + PIECE] ?? EMPTY, this.table[row + AT] ?? 0);
  }

  /** The row is about to get an entry. */
  private make(row: number): void {
    if (this.table[row + PIECE] !== EMPTY) {
      this.release(row);
      return;
    }
    this.used += 1;
    this.size += 1;
  }

  private release(row: number): void {
    const { at, valueEnd } = this.packedAt(row);
    this.pieces.release(this.table[row + PIECE] ?? EMPTY, valueEnd - at);
  }

  private fill(row: number, hash: number, piece: number, at: number): void {
    this.table[row + HASH] = hash;
    this.table[row + PIECE] = piece;
    this.table[row + AT] = at;
  }

  private free(row: number): void {
    this.release(row);
    this.table[row + PIECE] = GONE;
    this.size -= 1;
    this.tidy();
  }

  private tidy(): void {
    if (4 * COLUMNS * this.used > 3 * this.table.length) this.rehash();
    while (this.pieces.heldBytes > 2 * this.pieces.liveBytes + SPARE_BYTES) {
      const sparse = this.pieces.nextSparse();
      if (sparse === undefined) return;
      this.empty(sparse);
    }
  }

  /** Into a table that is less than half full. */
  private rehash(): void {
    const { table } = this;
    let slots = SLOTS_MIN;
    while (slots < 2 * this.size) slots *= 2;
    this.table = new Int32Array(COLUMNS * slots);
    this.used = this.size;
    for (let from = 0; from < table.length; from += COLUMNS) {
      const piece = table[from + PIECE] ?? EMPTY;
      if (piece <= 0) continue;
      const hash = table[from + HASH] ?? 0;
      let row = this.firstRow(hash);
      while (this.table[row + PIECE] !== EMPTY) row = this.nextRow(row);
      this.fill(row, hash, piece, table[from + AT] ?? 0);
    }
  }

  /** Most of a piece is without use by now: the rest moves to another one. */
  private empty(number: number): void {
    for (const entry of this.pieces.entriesOf(number)) {
      const row = this.rowAt(number, entry);
      if (row === undefined) continue;
      const { bytes, at, valueEnd } = entry;
      const place = this.pieces.place(valueEnd - at);
      bytes.copy(place.into, place.at, at, valueEnd);
      this.fill(row, this.table[row + HASH] ?? 0, place.number, place.at);
    }
    this.pieces.drop(number);
  }
}
