import { cpSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { PartitionLog } from '../../src/embedded/kafka/log/partition-log.js';
import { BrokerSettings, type TopicSettings, topicSettings } from '../../src/embedded/kafka/topics/settings.js';
import { compact } from '../../src/embedded/kafka/upkeep/compaction.js';
import { encodeBatch, encodeMarker } from '../../src/protocol/kafka/encode-batch.js';
import {
  isControl,
  isTransactional,
  markerTypeOf,
  producerIdOf,
  recordsOf,
} from '../../src/protocol/kafka/record-batch.js';
import { silentLog } from '../../src/support/log.js';

type Command =
  | { readonly kind: 'write'; readonly producer: number | undefined; readonly records: readonly Write[] }
  | { readonly kind: 'end'; readonly producer: number; readonly committed: boolean }
  | { readonly kind: 'pass'; readonly ms: number }
  /** Killed in the middle of a pass, so many steps of it after its beginning. */
  | { readonly kind: 'kill in pass'; readonly steps: number }
  | { readonly kind: 'roll' | 'compact' | 'restart' | 'kill' };

interface Write {
  readonly key: string;
  readonly isTombstone: boolean;
}

const PRODUCERS = 2;

function commands(): fc.Arbitrary<readonly Command[]> {
  const producer = fc.integer({ min: 0, max: PRODUCERS - 1 });
  const write = fc.record({ key: fc.constantFrom('a', 'b', 'c'), isTombstone: fc.boolean() });
  const plain = (kind: 'roll' | 'compact' | 'restart' | 'kill') => fc.constant({ kind } as const);
  const command: fc.Arbitrary<Command> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('write' as const),
        producer: fc.option(producer, { nil: undefined }),
        records: fc.array(write, { minLength: 1, maxLength: 3 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), producer, committed: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 2000 }) }) },
    { weight: 4, arbitrary: plain('roll') },
    { weight: 4, arbitrary: plain('compact') },
    { weight: 1, arbitrary: plain('restart') },
    { weight: 1, arbitrary: plain('kill') },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('kill in pass' as const), steps: fc.integer({ min: 0, max: 60 }) }),
    },
  );
  return fc.array(command, { minLength: 5, maxLength: 60 });
}

/** Runs random commands on logs in this folder; fast-check prints the seed and the shortest commands that fail. */
export async function agreesWithModel(dir: string, parameters: fc.Parameters<unknown>): Promise<void> {
  const lags = fc.constantFrom('0', '1500');
  const property = fc.asyncProperty(commands(), lags, async (steps, minCompactionLagMs) => {
    const config = {
      'cleanup.policy': 'compact',
      'min.cleanable.dirty.ratio': '0',
      'delete.retention.ms': '1000',
      'min.compaction.lag.ms': minCompactionLagMs,
    };
    const broker = new BrokerSettings(new Map(), new Map(), new Map());
    const settings = topicSettings(new Map(Object.entries(config)), broker);
    const log = new CompactedLog(mkdtempSync(join(dir, 'run-')), settings, 1_700_000_000_000);
    for (const [at, step] of steps.entries()) {
      await log.take(step);
      const violations = log.violations();
      if (violations.length > 0) throw new Error(`after step ${at}: ${violations.join(', ')}`);
    }
  });
  await fc.assert(property, parameters as fc.Parameters<[readonly Command[], string]>);
}

interface ModelRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
  readonly timestampMs: number;
  readonly producer: number | undefined;
  state: 'open' | 'committed' | 'aborted';
  /** Of a tombstone: until when every reader must be able to see it. */
  mayGoMs: number | undefined;
  /** From when on a complete pass removes it. */
  mustGoMs: number | undefined;
}

/** A partition's log beside a model of what has to be, may be and must not be in it. */
class CompactedLog {
  private log: PartitionLog;
  private readonly model: ModelRecord[] = [];
  private readonly open = new Set<number>();
  private readonly sequences = new Map<number, number>();
  private readonly mayBeGone = new Set<ModelRecord>();
  private readonly mustBeGone = new Set<ModelRecord>();
  /** Where the pass that got farthest ended, or would have ended. */
  private touchedTo = 0;
  private folders = 0;
  private readonly young = new Set<ModelRecord>();

  constructor(
    private dir: string,
    private readonly settings: TopicSettings,
    private nowMs: number,
  ) {
    this.log = this.openLog();
  }

  private openLog(): PartitionLog {
    return PartitionLog.open('t-0', this.dir, { now: () => this.nowMs, log: silentLog });
  }

  async take(command: Command): Promise<void> {
    if (command.kind === 'write') this.write(command.producer, command.records);
    else if (command.kind === 'end') this.end(command.producer, command.committed);
    else if (command.kind === 'pass') this.nowMs += command.ms;
    else if (command.kind === 'compact') await this.compact();
    else if (command.kind === 'kill in pass') await this.killInPass(command.steps);
    else if (command.kind === 'roll') {
      if ((this.log.allSegments.at(-1)?.size ?? 0) > 0) this.log.roll();
    } else {
      if (command.kind === 'restart') this.log.close(); // a killed broker writes no last checkpoint
      this.log = this.openLog();
    }
  }

  private write(producer: number | undefined, records: readonly Write[]): void {
    const baseSequence = producer === undefined ? -1 : (this.sequences.get(producer) ?? 0);
    const base = this.log.endOffset;
    const values = records.map(({ key, isTombstone }, at): ModelRecord => {
      const value = isTombstone ? null : `${base + at}`;
      const state = producer === undefined ? 'committed' : 'open';
      return {
        offset: base + at,
        key,
        value,
        timestampMs: this.nowMs + at,
        producer,
        state,
        mayGoMs: undefined,
        mustGoMs: undefined,
      };
    });
    const identity = { producerId: producer, producerEpoch: 0, baseSequence, transactional: true };
    const batch = encodeBatch(
      producer === undefined ? {} : { ...identity, producerId: producer },
      values.map(({ key, value, timestampMs }, offsetDelta) => ({
        offsetDelta,
        timestampMs,
        key: Buffer.from(key),
        value: value === null ? null : Buffer.from(value),
      })),
    );
    this.log.append(batch, this.settings);
    this.model.push(...values);
    if (producer === undefined) return;
    this.open.add(producer);
    this.sequences.set(producer, baseSequence + records.length);
  }

  private end(producer: number, committed: boolean): void {
    if (!this.open.delete(producer)) return;
    const marker = encodeMarker(
      committed ? 'commit' : 'abort',
      { producerId: producer, producerEpoch: 0 },
      0,
      this.nowMs,
    );
    this.log.append(marker, this.settings);
    for (const record of this.model) {
      if (record.producer === producer && record.state === 'open') record.state = committed ? 'committed' : 'aborted';
    }
  }

  private async compact(): Promise<void> {
    this.noteYoung();
    if (!(await compact(this.log, this.settings, this.nowMs))) return;
    this.notePass();
    for (const record of this.model) {
      if (record.value !== null || record.offset >= this.log.cleanedTo) continue;
      record.mustGoMs ??= this.nowMs + this.settings.deleteRetentionMs;
      if (record.mustGoMs <= this.nowMs) this.mustBeGone.add(record);
    }
  }

  /** Goes on with the files as they are in the middle of a pass. */
  private async killInPass(steps: number): Promise<void> {
    this.noteYoung();
    const pass = compact(this.log, this.settings, this.nowMs);
    for (let step = 0; step < steps; step++) await Promise.resolve();
    const survivor = `${this.dir}-${++this.folders}`;
    cpSync(this.dir, survivor, { recursive: true });
    await pass;
    this.notePass();
    this.dir = survivor;
    this.log = this.openLog();
  }

  private noteYoung(): void {
    this.young.clear();
    const { minCompactionLagMs } = this.settings;
    for (const record of this.model) {
      if (minCompactionLagMs > 0 && record.timestampMs > this.nowMs - minCompactionLagMs) this.young.add(record);
    }
  }

  /** What a pass may have done, whether it came to its end or not. */
  private notePass(): void {
    this.touchedTo = Math.max(this.touchedTo, this.log.cleanedTo);
    for (const record of this.model) {
      if (record.value !== null || record.offset >= this.touchedTo) continue;
      record.mayGoMs ??= this.nowMs + this.settings.deleteRetentionMs;
      if (record.mayGoMs <= this.nowMs) this.mayBeGone.add(record);
    }
  }

  /** What is wrong with what readers of committed data see, from the beginning and from the middle. */
  violations(): string[] {
    const seen = this.readCommitted(0);
    const middle = Math.floor(this.log.endOffset / 2);
    const problems: string[] = [];
    const later = seen.filter(({ offset }) => offset >= middle).map(({ offset }) => offset);
    const fromMiddle = this.readCommitted(middle).map(({ offset }) => offset);
    if (String(later) !== String(fromMiddle)) problems.push(`from ${middle}: ${fromMiddle} instead of ${later}`);
    const byOffset = new Map(seen.map((record) => [record.offset, record]));
    const { cleanedTo, lastStableOffset } = this.log;
    const overtaken = new Set<string>();
    const perhapsOvertaken = new Set<string>();
    for (const record of [...this.model].reverse()) {
      const found = byOffset.get(record.offset);
      byOffset.delete(record.offset);
      const text = `${record.offset}:${record.key}=${record.value}`;
      if (record.state !== 'committed' || record.offset >= lastStableOffset) {
        if (found !== undefined) problems.push(`${text} is ${record.state}, but visible`);
        continue;
      }
      const isOvertaken = overtaken.has(record.key);
      const mayBeGone = perhapsOvertaken.has(record.key) || this.mayBeGone.has(record);
      if (record.offset < cleanedTo) overtaken.add(record.key);
      if (record.offset < this.touchedTo) perhapsOvertaken.add(record.key);
      if (found === undefined) {
        if (!mayBeGone || this.young.has(record)) problems.push(`${text} is lost`);
      } else if (isOvertaken) problems.push(`${text} was overtaken, but is still there`);
      else if (this.mustBeGone.has(record)) problems.push(`${text} should have been removed`);
      else if (found.value !== record.value || found.timestampMs !== record.timestampMs) {
        problems.push(`${text} is ${found.value} at ${found.timestampMs}`);
      }
    }
    for (const { offset } of byOffset.values()) problems.push(`${offset} was never written`);
    return problems;
  }

  /** As a consumer reads: the aborted transactions that a fetch names, each until its marker. */
  private readCommitted(from: number) {
    const end = this.log.lastStableOffset;
    const ahead = this.log.abortedWithin(from, end).sort((a, b) => a.firstOffset - b.firstOffset);
    const aborting = new Set<number>();
    const seen: Array<{ offset: number; value: string | null; timestampMs: number }> = [];
    for (const segment of this.log.allSegments) {
      for (const { position, size, lastOffset } of segment.batches()) {
        if (lastOffset < from || lastOffset >= end) continue;
        const batch = segment.read(position, size);
        while ((ahead[0]?.firstOffset ?? Number.POSITIVE_INFINITY) <= lastOffset) {
          aborting.add(Number(ahead.shift()?.producerId));
        }
        if (isControl(batch)) {
          if (markerTypeOf(batch) === 'abort') aborting.delete(producerIdOf(batch));
        } else if (!isTransactional(batch) || !aborting.has(producerIdOf(batch))) {
          for (const { offset, value, timestampMs } of recordsOf(batch)) {
            if (offset >= from) seen.push({ offset, value: value?.toString() ?? null, timestampMs });
          }
        }
      }
    }
    return seen;
  }
}
