/**
 * The newest items, numbered from 0 as they came; the oldest go when there are more than `capacity` or they weigh
 * more than `bytesMax`. One item is always kept.
 */
export class Ring<T> {
  private readonly slots: Array<T | undefined>;
  private weight = 0;
  private first = 0;
  private next = 0;

  constructor(
    private readonly capacity: number,
    private readonly bytesMax: number,
    private readonly bytesOf: (item: T) => number,
  ) {
    this.slots = new Array<T | undefined>(capacity);
  }

  /** The number of the oldest item kept. */
  get start(): number {
    return this.first;
  }

  /** One more than the number of the newest item: how many ever came. */
  get end(): number {
    return this.next;
  }

  /** True where one more item would push out the oldest. */
  get full(): boolean {
    return this.next - this.first >= this.capacity || this.weight >= this.bytesMax;
  }

  push(item: T): void {
    if (this.next - this.first >= this.capacity) this.drop();
    this.slots[this.next % this.capacity] = item;
    this.next += 1;
    this.weight += this.bytesOf(item);
    while (this.weight > this.bytesMax && this.next - this.first > 1) this.drop();
  }

  at(number: number): T | undefined {
    return number >= this.first && number < this.next ? this.slots[number % this.capacity] : undefined;
  }

  private drop(): void {
    const slot = this.first % this.capacity;
    const oldest = this.slots[slot];
    if (oldest !== undefined) this.weight -= this.bytesOf(oldest);
    this.slots[slot] = undefined;
    this.first += 1;
  }
}
