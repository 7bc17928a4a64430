import { keyAndValueAt } from '../../protocol/kafka/key-and-value.js';

/** Columns of the table, 32 bits each: hash, the number of the entry's bytes from 1 on, where in them it begins. */
const HASH = 0;
const BYTES = 1;
const AT = 2;
const COLUMNS = 3;

/** In the place of no entry: there never was one, or there is none any more. */
const EMPTY = 0;
const GONE = -1;
const SLOTS_MIN = 1024;

/** No piece is longer. */
const PIECE_SPAN = 2 ** 31;

/** Bytes without use are tolerated up to this, and up to as many as those that have one. */
const SPARE_BYTES = 16 * 1024 * 1024;
const COMPACT_BYTES = 1024 * 1024;

/** Keys and values as a record of a changelog has them, from the length of the key on. */
export interface Packed {
  readonly bytes: Buffer;
  readonly at: number;
}

/**
 * Entries as the bytes that were fetched, found by a hash of the key. No object is made for one and nothing is copied, so that
 * millions of them are there at once and cost the garbage collector nothing. A table with open addressing says where they are.
 */
export class PackedEntries {
  size = 0;
  private table = new Int32Array(COLUMNS * SLOTS_MIN);
  /** Slots that hold an entry or held one: a search has to go on behind them. */
  private used = 0;
  private pieces: Buffer[] = [];
  private heldBytes = 0;
  private liveBytes = 0;

  set(hash: number, entry: Packed): void {
    const row = this.rowOf(hash, entry);
    if (this.table[row + BYTES] === EMPTY) {
      this.used += 1;
      this.size += 1;
    } else {
      this.liveBytes -= this.bytesAt(row);
    }
    if (this.pieces.at(-1) !== entry.bytes) this.hold(entry.bytes);
    this.fill(row, hash, this.pieces.length, entry.at);
    this.liveBytes += this.bytesAt(row);
    if (2 * COLUMNS * this.used > this.table.length) this.rehash();
    this.compactIfDue();
  }

  delete(hash: number, key: Packed): void {
    const row = this.rowOf(hash, key);
    if (this.table[row + BYTES] !== EMPTY) this.free(row);
  }

  /** Takes out the entry of this hash that is it. */
  take(hash: number, isIt: (entry: Packed) => boolean): Packed | undefined {
    const { table } = this;
    for (let row = this.firstRow(hash); table[row + BYTES] !== EMPTY; row = this.nextRow(row)) {
      if (table[row + HASH] !== hash || table[row + BYTES] === GONE) continue;
      const found = this.packedAt(row);
      if (!isIt(found)) continue;
      this.free(row);
      return found;
    }
    return undefined;
  }

  /** Mostly in the order in which they were set last. Nothing may be changed meanwhile. */
  *[Symbol.iterator](): Iterator<Packed> {
    const places = new Float64Array(this.size);
    let count = 0;
    for (const row of this.rows()) {
      places[count] = (this.table[row + BYTES] ?? 0) * PIECE_SPAN + (this.table[row + AT] ?? 0);
      count += 1;
    }
    for (const place of places.sort()) {
      yield packedIn(this.pieces, Math.floor(place / PIECE_SPAN), place % PIECE_SPAN);
    }
  }

  private *rows(): Iterable<number> {
    for (let row = 0; row < this.table.length; row += COLUMNS) {
      if ((this.table[row + BYTES] ?? EMPTY) > 0) yield row;
    }
  }

  private firstRow(hash: number): number {
    return COLUMNS * (hash & (this.table.length / COLUMNS - 1));
  }

  private nextRow(row: number): number {
    return row + COLUMNS === this.table.length ? 0 : row + COLUMNS;
  }

  /** Where a key is, or else the empty row that it gets. */
  private rowOf(hash: number, { bytes, at }: Packed): number {
    const { table } = this;
    let row = this.firstRow(hash);
    for (; table[row + BYTES] !== EMPTY; row = this.nextRow(row)) {
      if (table[row + HASH] !== hash || table[row + BYTES] === GONE) continue;
      const key = keyAndValueAt(bytes, at);
      const known = this.packedAt(row);
      const { keyAt, keyEnd } = keyAndValueAt(known.bytes, known.at);
      if (bytes.compare(known.bytes, keyAt, keyEnd, key.keyAt, key.keyEnd) === 0) break;
    }
    return row;
  }

  private packedAt(row: number): Packed {
    return packedIn(this.pieces, this.table[row + BYTES] ?? EMPTY, this.table[row + AT] ?? 0);
  }

  private bytesAt(row: number): number {
    const { bytes, at } = this.packedAt(row);
    return keyAndValueAt(bytes, at).valueEnd - at;
  }

  private fill(row: number, hash: number, piece: number, at: number): void {
    this.table[row + HASH] = hash;
    this.table[row + BYTES] = piece;
    this.table[row + AT] = at;
  }

  private free(row: number): void {
    this.liveBytes -= this.bytesAt(row);
    this.table[row + BYTES] = GONE;
    this.size -= 1;
    this.compactIfDue();
  }

  private hold(bytes: Buffer): void {
    this.pieces.push(bytes);
    this.heldBytes += bytes.length;
  }

  /** Into a table that is a quarter full. */
  private rehash(): void {
    const { table } = this;
    let slots = SLOTS_MIN;
    while (slots < 4 * this.size) slots *= 2;
    this.table = new Int32Array(COLUMNS * slots);
    this.used = this.size;
    for (let from = 0; from < table.length; from += COLUMNS) {
      const piece = table[from + BYTES] ?? EMPTY;
      if (piece <= 0) continue;
      const hash = table[from + HASH] ?? 0;
      let row = this.firstRow(hash);
      while (this.table[row + BYTES] !== EMPTY) row = this.nextRow(row);
      this.fill(row, hash, piece, table[from + AT] ?? 0);
    }
  }

  /** Most of what is held may be without use by now: the rest moves to memory of its own. */
  private compactIfDue(): void {
    if (this.heldBytes <= 2 * this.liveBytes + SPARE_BYTES) return;
    const { pieces } = this;
    this.pieces = [];
    this.heldBytes = 0;
    let [into, end] = [Buffer.alloc(0), 0];
    for (const row of this.rows()) {
      const packed = packedIn(pieces, this.table[row + BYTES] ?? EMPTY, this.table[row + AT] ?? 0);
      const { valueEnd } = keyAndValueAt(packed.bytes, packed.at);
      const bytes = valueEnd - packed.at;
      if (end + bytes > into.length) {
        [into, end] = [Buffer.allocUnsafeSlow(Math.max(COMPACT_BYTES, bytes)), 0];
        this.hold(into);
      }
      packed.bytes.copy(into, end, packed.at, valueEnd);
      this.fill(row, this.table[row + HASH] ?? 0, this.pieces.length, end);
      end += bytes;
    }
  }
}

function packedIn(pieces: readonly Buffer[], piece: number, at: number): Packed {
  const bytes = pieces[piece - 1];
  if (bytes === undefined) throw new RangeError('no entry is there');
  return { bytes, at };
}
