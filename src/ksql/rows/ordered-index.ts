/** More items than this in one chunk and it is halved: an insertion moves no more than so many. */
const CHUNK_MAX = 512;

/** How an item stands to a place in the order: before it (negative), at it, or behind it. */
export type Place<Item> = (item: Item) => number;

/** Items in order, without duplicates; insertion, deletion and the beginning of a range take two binary searches. */
export class OrderedIndex<Item> {
  private readonly chunks: Item[][] = [];

  constructor(
    private readonly compare: (left: Item, right: Item) => number,
    items: Iterable<Item>,
  ) {
    const sorted = [...items].sort(compare);
    for (let at = 0; at < sorted.length; at += CHUNK_MAX) this.chunks.push(sorted.slice(at, at + CHUNK_MAX));
  }

  add(item: Item): void {
    const place: Place<Item> = (each) => this.compare(each, item);
    const at = Math.min(this.chunkFrom(place), this.chunks.length - 1);
    const chunk = this.chunks[at];
    if (chunk === undefined) {
      this.chunks.push([item]);
      return;
    }
    const index = firstFrom(chunk, place);
    const there = chunk[index];
    if (there !== undefined && place(there) === 0) return;
    chunk.splice(index, 0, item);
    if (chunk.length > CHUNK_MAX) this.chunks.splice(at + 1, 0, chunk.splice(CHUNK_MAX / 2));
  }

  delete(item: Item): void {
    const place: Place<Item> = (each) => this.compare(each, item);
    const at = this.chunkFrom(place);
    const chunk = this.chunks[at];
    if (chunk === undefined) return;
    const index = firstFrom(chunk, place);
    const there = chunk[index];
    if (there === undefined || place(there) !== 0) return;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.chunks.splice(at, 1);
  }

  /** Items from one place to another, both included. */
  *between(from: Place<Item>, to: Place<Item>): Iterable<Item> {
    for (let at = this.chunkFrom(from); at < this.chunks.length; at += 1) {
      const chunk = this.chunks[at] ?? [];
      for (let index = firstFrom(chunk, from); index < chunk.length; index += 1) {
        const item = chunk[index] as Item;
        if (to(item) > 0) return;
        yield item;
      }
    }
  }

  /** The first chunk whose last item is not before the place. */
  private chunkFrom(place: Place<Item>): number {
    return firstIndex(this.chunks.length, (at) => place(this.chunks[at]?.at(-1) as Item) >= 0);
  }
}

const firstFrom = <Item>(chunk: readonly Item[], place: Place<Item>): number =>
  firstIndex(chunk.length, (at) => place(chunk[at] as Item) >= 0);

/** The first of so many indexes for which it holds, which it does for all behind it. */
function firstIndex(length: number, holds: (at: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
