import type { DecodedRecord, JsonValue, TailRecord, TailSource } from '../../operations/tail/record.js';
import type { PressedKey } from '../pressed-keys.js';
import { FilterScan } from './filter.js';
import { AT_START, type Rows, reduceTailKey, type TailKeys } from './keys.js';
import { Rate } from './rate.js';
import { Ring } from './ring.js';

/** What is kept to scroll back in: whichever bound is met first. */
const RECORDS_MAX = 10_000;
const BYTES_MAX = 64 << 20;
/** A record's own objects beside its bytes. */
const RECORD_OVERHEAD_BYTES = 200;
/** Decoded records kept: a few screens. */
const DECODED_MAX = 500;
/** How far back the previous record of a key is looked for. */
const PREVIOUS_RECORDS_MAX = 2_000;
/** The source may be faster than the screen: at least this often the event loop gets its turn. */
const PUMP_SLICE_MS = 25;
/** Of every tenth of a second, what the filter may use. */
const SCAN_SLICE_MS = 40;

export interface PartitionSeen {
  readonly topic: string;
  readonly partition: number;
  records: number;
  lastOffset: bigint;
}

/** What terminals take at once: xterm's bound for an OSC sequence, less what base64 adds. */
const COPY_CHARACTERS_MAX = 50_000;

const placeOf = ({ topic, partition, offset, timestampMs }: TailRecord) => ({
  topic,
  partition,
  offset: offset.toString(),
  timestamp: timestampMs < 0 ? null : new Date(timestampMs).toISOString(),
});

/** Is this the record, or the first at or after the time? A time of day is of the day of `aboutMs`. Undefined: not understood. */
function placeTest(to: string, aboutMs: number): ((record: TailRecord) => boolean) | undefined {
  const [, partition, offset] = /^(?:(\d+)[:/])?(\d+)$/.exec(to) ?? [];
  if (offset !== undefined)
    return (record) =>
      record.offset === BigInt(offset) && (partition === undefined || record.partition === Number(partition));
  const time = /^(\d\d):(\d\d):(\d\d)(\.\d{1,3})?$/.exec(to);
  const [, hours, minutes, seconds, rest = 0] = time ?? [];
  const atMs =
    time === null
      ? Date.parse(to)
      : new Date(aboutMs).setHours(Number(hours), Number(minutes), Number(seconds), Number(rest) * 1000);
  return Number.isNaN(atMs) ? undefined : ({ timestampMs }) => timestampMs >= atMs;
}

/**
 * The state of an interactive tail: the newest records, what was decoded of them, and what its reader asked for.
 * Following, the oldest records go; paused, the source waits before the record under the cursor would.
 */
export class TailModel {
  keys: TailKeys = AT_START;
  /** The first visible row, by record number; the view keeps the cursor inside. */
  top = 0;
  /** Rows of the list as last drawn: what a page is. */
  pageRows = 10;
  over: 'reading' | 'ended' = 'reading';
  readonly ring: Ring<TailRecord>;
  readonly partitions = new Map<string, PartitionSeen>();
  readonly formats = new Map<string, string>();
  private readonly rate = new Rate();
  private readonly decoded = new Map<number, DecodedRecord>();
  private readonly decoding = new Set<number>();
  private readonly previous = new Map<number, number>();
  private filtered: FilterScan | undefined;
  private wake: (() => void) | undefined;

  /** Called with the record that is to be copied, as JSON. */
  copied: (text: string) => void = () => {};

  constructor(bounds: { readonly records?: number | undefined; readonly bytes?: number | undefined } = {}) {
    this.ring = new Ring(
      bounds.records ?? RECORDS_MAX,
      bounds.bytes ?? BYTES_MAX,
      (record) => record.valueBytes + (record.rawKey?.length ?? 0) + RECORD_OVERHEAD_BYTES,
    );
  }

  get rows(): Rows {
    if (this.filtered !== undefined) return this.filtered;
    const { ring } = this;
    return {
      count: ring.end - ring.start,
      numberAt: (index) => (index < 0 || index >= ring.end - ring.start ? undefined : ring.start + index),
      indexOf: (number) => Math.max(0, Math.min(ring.end, number) - ring.start),
    };
  }

  get cursor(): number {
    const { rows } = this;
    if (this.keys.following) return rows.numberAt(rows.count - 1) ?? 0;
    return rows.numberAt(Math.min(rows.indexOf(this.keys.cursor), rows.count - 1)) ?? this.keys.cursor;
  }

  /** How the filter fares; undefined where there is none. */
  get filtering(): { readonly matches: number; readonly left: number; readonly skipped: number } | undefined {
    const { filtered } = this;
    return filtered && { matches: filtered.count, left: filtered.left, skipped: filtered.skipped };
  }

  /** Nothing is open, filtered or being typed that Escape would close. */
  get nothingToEscape(): boolean {
    const { open, filter, typing } = this.keys;
    return !open && filter === '' && typing === undefined;
  }

  press(key: PressedKey): void {
    const before = this.keys;
    this.keys = reduceTailKey(this.keys, key, this.rows, this.pageRows);
    const { filter, topicTurns, jump, copy } = this.keys;
    if (filter !== before.filter || topicTurns !== before.topicTurns) this.filterBy(filter);
    if (jump !== undefined) this.jumpTo(jump);
    if (copy) this.copy();
    this.wake?.();
  }

  /** The only topic that is shown; undefined: all. */
  get topic(): string | undefined {
    const topics = [...new Set([...this.partitions.values()].map(({ topic }) => topic))].sort();
    return [undefined, ...topics][this.keys.topicTurns % (topics.length + 1)];
  }

  private jumpTo(to: string): void {
    this.keys = { ...this.keys, jump: undefined };
    const isThere = placeTest(to, this.ring.at(this.ring.end - 1)?.timestampMs ?? 0);
    if (isThere === undefined) {
      this.keys = { ...this.keys, said: `${to} is no offset (143), partition and offset (2:143) or time (12:04:31)` };
      return;
    }
    const { rows } = this;
    for (let index = 0; index < rows.count; index += 1) {
      const number = rows.numberAt(index);
      const record = number === undefined ? undefined : this.ring.at(number);
      if (number === undefined || record === undefined || !isThere(record)) continue;
      this.keys = { ...this.keys, following: false, cursor: number, openTop: 0 };
      return;
    }
    this.keys = {
      ...this.keys,
      said: `${to} is not among the ${rows.count} records kept: start with -b, -n or --from-timestamp`,
    };
  }

  private copy(): void {
    this.keys = { ...this.keys, copy: false };
    const record = this.ring.at(this.cursor);
    const decoded = this.decodedAt(this.cursor);
    if (record === undefined || decoded === undefined) return;
    const text = JSON.stringify({ ...placeOf(record), ...decoded });
    const isShort = text.length <= COPY_CHARACTERS_MAX;
    if (isShort) this.copied(text);
    const said = isShort ? 'copied, where the terminal allows it' : `too long to copy: ${text.length} characters`;
    this.keys = { ...this.keys, said };
  }

  filterBy(filter: string): void {
    this.keys = { ...this.keys, filter };
    const { topic } = this;
    this.filtered = filter.trim() === '' && topic === undefined ? undefined : new FilterScan(filter, this.ring, topic);
    this.top = 0;
  }

  /** Once a frame: lets the filter work on, tells the rate. */
  tick(nowMs: number): { readonly perSecond: number } {
    this.filtered?.scan(nowMs + SCAN_SLICE_MS);
    return { perSecond: this.rate.perSecond(this.ring.end, nowMs) };
  }

  /** The decoded record, or undefined while it is being decoded. */
  decodedAt(number: number): DecodedRecord | undefined {
    const known = this.decoded.get(number);
    if (known !== undefined) {
      this.decoded.delete(number); // the most recently used one goes to the end
      this.decoded.set(number, known);
      return known;
    }
    const record = this.ring.at(number);
    if (record === undefined || this.decoding.has(number)) return undefined;
    const decoded = record.decode();
    if (!(decoded instanceof Promise)) return this.remember(number, record.topic, decoded);
    this.decoding.add(number);
    void decoded.then((value) => {
      this.decoding.delete(number);
      this.remember(number, record.topic, value);
    });
    return undefined;
  }

  /** The value that the same key had before this record; undefined where none is kept. */
  previousValueOf(number: number): JsonValue | undefined {
    let before = this.previous.get(number);
    if (before === undefined) {
      before = this.findPrevious(number);
      this.previous.set(number, before);
      if (this.previous.size > DECODED_MAX) this.previous.delete(this.previous.keys().next().value ?? -1);
    }
    return before < this.ring.start ? undefined : this.decodedAt(before)?.value;
  }

  private findPrevious(number: number): number {
    const record = this.ring.at(number);
    const key = record?.rawKey;
    if (record === undefined || key == null) return -1;
    for (let at = number - 1; at >= Math.max(this.ring.start, number - PREVIOUS_RECORDS_MAX); at--) {
      const other = this.ring.at(at);
      if (other?.rawKey?.length !== key.length || other.partition !== record.partition) continue;
      if (other.topic === record.topic && Buffer.compare(other.rawKey, key) === 0) return at;
    }
    return -1;
  }

  private remember(number: number, topic: string, decoded: DecodedRecord): DecodedRecord {
    if (decoded.format !== undefined) this.formats.set(topic, decoded.format);
    this.decoded.set(number, decoded);
    if (this.decoded.size > DECODED_MAX) this.decoded.delete(this.decoded.keys().next().value ?? -1);
    return decoded;
  }

  /** Reads the source until it ends or the reader leaves. Throws what the source throws. */
  async pump(source: TailSource): Promise<void> {
    let sliceEndsMs = performance.now() + PUMP_SLICE_MS;
    for await (const batch of source) {
      for (const record of batch) {
        while (!this.mayPush() && this.keys.left === undefined) await this.nextKey();
        if (this.keys.left !== undefined) return;
        this.push(record);
      }
      if (performance.now() < sliceEndsMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sliceEndsMs = performance.now() + PUMP_SLICE_MS;
    }
    this.over = 'ended';
  }

  private push(record: TailRecord): void {
    this.ring.push(record);
    const { topic, partition, offset } = record;
    const name = `${topic}/${partition}`;
    const seen = this.partitions.get(name);
    if (seen === undefined) this.partitions.set(name, { topic, partition, records: 1, lastOffset: offset });
    else {
      seen.records += 1;
      seen.lastOffset = offset;
    }
  }

  /** Paused, only what is in the half before the cursor may go, so that moving down reads on. */
  private mayPush(): boolean {
    if (this.keys.following || !this.ring.full) return true;
    return this.keys.cursor - this.ring.start > (this.ring.end - this.ring.start) / 2;
  }

  private nextKey(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}
