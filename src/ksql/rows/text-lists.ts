/** Before each text: where the one before it in its list begins, and its length in bytes with a bit that says whether it is wide. */
const HEAD_BYTES = 8;
const NONE = 0xffffffff;
/** A character beyond it takes two bytes, and so do all others of its text. */
const LATIN1_MAX = 255;
const BYTES_MIN = 1024;
/** Bytes without use are tolerated up to this, and up to as many as those that have one. */
const SPARE_BYTES = 64 * 1024;

interface Written<Key> {
  bytes: Buffer;
  end: number;
  /** Where the last text of each list begins. */
  readonly lasts: Map<Key, number>;
  /** Texts that were deleted from a list, and where they were written if they were added again since: not before this. */
  readonly deleted: Map<Key, Map<string, number>>;
}

const nothing = <Key>(): Written<Key> => ({
  bytes: Buffer.allocUnsafeSlow(BYTES_MIN),
  end: 0,
  lasts: new Map(),
  deleted: new Map(),
});

/**
 * Sets of texts as bytes one after the other: no object is made for a text, so that millions of them cost the garbage collector nothing.
 * One of n characters takes n + 8 bytes, or 2n + 8 where it is beyond Latin-1; each set takes its key and its place in a map.
 */
export class TextLists<Key> {
  private written: Written<Key> = nothing();
  private unused = 0;

  has(key: Key): boolean {
    return this.written.lasts.has(key);
  }

  add(key: Key, text: string): void {
    this.reserve(HEAD_BYTES + 2 * text.length);
    const { bytes, end, lasts } = this.written;
    bytes.writeUInt32LE(lasts.get(key) ?? NONE, end);
    lasts.set(key, end);
    const from = end + HEAD_BYTES;
    let isWide = false;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      isWide ||= code > LATIN1_MAX;
      bytes[from + at] = code;
    }
    const length = isWide ? bytes.write(text, from, 'utf16le') : text.length;
    bytes.writeUInt32LE(2 * length + Number(isWide), end + 4);
    this.written.end = from + length;
  }

  delete(key: Key, text: string): void {
    const { lasts, deleted, end } = this.written;
    if (!lasts.has(key)) return;
    const known = deleted.get(key);
    if (known === undefined) deleted.set(key, new Map([[text, end]]));
    else known.set(text, end);
    this.waste(text);
    this.tidy();
  }

  /** In the order in which they were added. */
  get(key: Key): Iterable<string> {
    return textsOf(this.written, key);
  }

  /** Takes the whole set out. */
  take(key: Key): Iterable<string> {
    const texts = textsOf(this.written, key);
    this.written.lasts.delete(key);
    this.written.deleted.delete(key);
    for (const text of texts) this.waste(text);
    this.tidy();
    return texts;
  }

  private waste({ length }: string): void {
    this.unused += HEAD_BYTES + length;
  }

  private reserve(count: number): void {
    const { bytes, end } = this.written;
    if (end + count <= bytes.length) return;
    const bigger = Buffer.allocUnsafeSlow(2 * bytes.length + count);
    bytes.copy(bigger, 0, 0, end);
    this.written.bytes = bigger;
  }

  /** Writes all anew where most bytes have no use any more. */
  private tidy(): void {
    const { written } = this;
    if (2 * this.unused <= written.end + SPARE_BYTES) return;
    this.written = nothing();
    this.unused = 0;
    for (const key of written.lasts.keys()) for (const text of textsOf(written, key)) this.add(key, text);
  }
}

function textsOf<Key>({ bytes, lasts, deleted }: Written<Key>, key: Key): Set<string> {
  const gone = deleted.get(key);
  const texts: string[] = [];
  for (let at = lasts.get(key) ?? NONE; at !== NONE; at = bytes.readUInt32LE(at)) {
    const length = bytes.readUInt32LE(at + 4);
    const from = at + HEAD_BYTES;
    const text = bytes.toString(length % 2 === 1 ? 'utf16le' : 'latin1', from, from + (length >>> 1));
    if (at >= (gone?.get(text) ?? 0)) texts.push(text);
  }
  return new Set(texts.reverse());
}
