import type { DecodedRecord, TailRecord } from '../../operations/tail/record.js';
import type { Rows } from './keys.js';
import type { Ring } from './ring.js';
import { keyText, searchText } from './summary.js';

/** Compacting the list of matches costs its length: done when this many of its first ones are gone. */
const GONE_MAX = 4_096;
const KEY_WORD = 'key:';

/**
 * Finds the records of a ring that contain every word of the filter (key, headers, value, topic; case ignored; `key:word` looks
 * at the key alone), of one topic where one is given, in order, a slice of time at a time. Records that left the ring before their turn are counted as `skipped`.
 */
export class FilterScan implements Rows {
  private readonly words: readonly string[];
  private readonly matches: number[] = [];
  private gone = 0;
  private position: number;
  private waiting = false;
  skipped = 0;

  constructor(
    filter: string,
    private readonly ring: Ring<TailRecord>,
    private readonly topic?: string,
  ) {
    this.words = filter
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    this.position = ring.start;
  }

  /** Records not looked at yet. */
  get left(): number {
    return this.ring.end - Math.max(this.position, this.ring.start);
  }

  get count(): number {
    this.forget();
    return this.matches.length - this.gone;
  }

  numberAt(index: number): number | undefined {
    return index < 0 ? undefined : this.matches[this.gone + index];
  }

  indexOf(number: number): number {
    let [low, high] = [this.gone, this.matches.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.matches[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low - this.gone;
  }

  /** Looks at records until all are seen, `deadlineMs` (of performance.now) has passed, or one has to be waited for. */
  scan(deadlineMs: number): void {
    if (this.position < this.ring.start) {
      this.skipped += this.ring.start - this.position;
      this.position = this.ring.start;
    }
    while (!this.waiting && this.position < this.ring.end) {
      const record = this.ring.at(this.position);
      if (record !== undefined) this.lookAt(record, this.position);
      this.position += 1;
      if (performance.now() >= deadlineMs) return;
    }
  }

  private lookAt(record: TailRecord, number: number): void {
    if (this.topic !== undefined && record.topic !== this.topic) return;
    if (this.words.length === 0) {
      this.matches.push(number);
      return;
    }
    const decoded = record.decode();
    if (!(decoded instanceof Promise)) {
      this.judge(record, decoded, number);
      return;
    }
    this.waiting = true;
    void decoded.then((value) => {
      this.judge(record, value, number);
      this.waiting = false;
    });
  }

  private judge(record: TailRecord, decoded: DecodedRecord, number: number): void {
    const text = `${record.topic}\n${searchText(decoded)}`.toLowerCase();
    const key = keyText(decoded.key).toLowerCase();
    const holds = (word: string): boolean =>
      word.startsWith(KEY_WORD) ? key.includes(word.slice(KEY_WORD.length)) : text.includes(word);
    if (this.words.every(holds)) this.matches.push(number);
  }

  private forget(): void {
    while ((this.matches[this.gone] ?? Number.POSITIVE_INFINITY) < this.ring.start) this.gone += 1;
    if (this.gone < GONE_MAX) return;
    this.matches.splice(0, this.gone);
    this.gone = 0;
  }
}
