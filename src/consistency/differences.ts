/** One key on which the sides did not agree when they were read; no verdict yet. */
export interface Difference {
  /** Rows of the key on each side; 0 where it has none. */
  readonly source: number;
  readonly replica: number;
  /** `referenceMark` of the rows' versions. */
  readonly version: number;
}

/**
 * By their `versionMark`: of the source's version, or where it has no row of the replica's. Where the source keeps no versions, its row may have
 * changed and changed back while nothing happened to the replica's: both have to stay as they are then.
 */
export function referenceMark(
  source: number | undefined,
  replica: number | undefined,
  sourceIsVersioned: boolean,
): number {
  const both = !sourceIsVersioned && source !== undefined && replica !== undefined;
  // Exact: a mark times 31, and another one, is at most 2^53.
  return both ? joinedMarks(source * 31, replica) : (source ?? replica ?? 0);
}

/** Of several rows together, whatever their order. */
export const joinedMarks = (one: number, other: number): number => (one + other) % 2 ** MARK_BITS;

/** Bits of a version's mark: with those that say which sides have a row they make an exact number. */
const MARK_BITS = 48;
const FLAGS = 4;

/** A number for a version's text: of a million versions two are the same with a probability below one to 10^8. */
export function versionMark(version: string): number {
  let [high, low] = [0x9e3779b9, 0x85ebca6b];
  for (let at = 0; at < version.length; at += 1) {
    const code = version.charCodeAt(at);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0xcc9e2d51) + (high >>> 15);
  }
  high ^= low >>> 13;
  return (high >>> 0) * 2 ** (MARK_BITS - 32) + ((low ^ (low >>> 16)) & 0xffff);
}

/**
 * Differences by `keyText`, of which there may be a million: one with a single row on either side takes a number, not
 * an object with a text.
 */
export class Differences {
  private readonly byKey = new Map<string, number | Difference>();

  get size(): number {
    return this.byKey.size;
  }

  has(key: string): boolean {
    return this.byKey.has(key);
  }

  get(key: string): Difference | undefined {
    const packed = this.byKey.get(key);
    return typeof packed === 'number' ? unpacked(packed) : packed;
  }

  set(key: string, difference: Difference): void {
    const { source, replica, version } = difference;
    const isSmall = source <= 1 && replica <= 1;
    this.byKey.set(key, isSmall ? version * FLAGS + source * 2 + replica : difference);
  }

  delete(key: string): void {
    this.byKey.delete(key);
  }

  keys(): IterableIterator<string> {
    return this.byKey.keys();
  }

  *values(): Generator<Difference> {
    for (const packed of this.byKey.values()) yield typeof packed === 'number' ? unpacked(packed) : packed;
  }

  *[Symbol.iterator](): Generator<readonly [string, Difference]> {
    for (const [key, packed] of this.byKey) yield [key, typeof packed === 'number' ? unpacked(packed) : packed];
  }
}

const unpacked = (packed: number): Difference => ({
  source: Math.floor(packed / 2) % 2,
  replica: packed % 2,
  version: Math.floor(packed / FLAGS),
});
