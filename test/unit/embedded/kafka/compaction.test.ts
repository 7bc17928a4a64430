import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PartitionLog } from '../../../../src/embedded/kafka/log/partition-log.js';
import { BrokerSettings, topicSettings } from '../../../../src/embedded/kafka/topics/settings.js';
import { compact } from '../../../../src/embedded/kafka/upkeep/compaction.js';
import { enforceRetention } from '../../../../src/embedded/kafka/upkeep/retention.js';
import { encodeMarker } from '../../../../src/protocol/kafka/encode-batch.js';
import { isControl, recordsOf } from '../../../../src/protocol/kafka/record-batch.js';
import { silentLog } from '../../../../src/support/log.js';
import { agreesWithModel } from '../../../support/compacted-log.js';
import { batchOf } from '../../../support/kafka-batch.js';

const NOW = 1_700_000_000_000;
const DELETE_RETENTION_MS = 1000;
const settings = (config: Record<string, string> = {}) =>
  topicSettings(
    new Map(
      Object.entries({
        'cleanup.policy': 'compact',
        'min.cleanable.dirty.ratio': '0',
        'delete.retention.ms': String(DELETE_RETENTION_MS),
        ...config,
      }),
    ),
    new BrokerSettings(new Map(), new Map(), new Map()),
  );

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'evpipe-log-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = (folder = dir) => PartitionLog.open('t-0', folder, { now: () => NOW, log: silentLog });

/** The batches as text; markers as `offset!`. */
function contents(log: PartitionLog): string[] {
  return log.allSegments.flatMap((segment) =>
    [...segment.batches()].flatMap(({ position, size, baseOffset }) => {
      const batch = segment.read(position, size);
      if (isControl(batch)) return [`${baseOffset}!`];
      return recordsOf(batch).map(({ offset, key, value }) => `${offset}:${key ?? ''}=${value ?? 'null'}`);
    }),
  );
}

const put = (log: PartitionLog, key: string, value: string | null, timestampMs = NOW) =>
  log.append(batchOf([value], { key, timestampMs }), settings());

const PRODUCER = { producerId: 5, producerEpoch: 0, transactional: true };

describe('compaction', () => {
  it('keeps the last record of every key and every offset, and merges small segments', async () => {
    const log = open();
    put(log, 'a', '1');
    put(log, 'b', '1');
    put(log, 'a', '2');
    log.roll();
    put(log, 'b', '2');
    put(log, 'c', '1');
    log.roll();
    put(log, 'a', 'active');
    expect(await compact(log, settings(), NOW)).toBe(true);
    expect(contents(log)).toEqual(['2:a=2', '3:b=2', '4:c=1', '5:a=active']);
    expect(log.allSegments.map(({ baseOffset }) => baseOffset)).toEqual([0, 5]);
    expect(await compact(log, settings(), NOW)).toBe(false);
    log.close();
    const again = open();
    expect(contents(again)).toEqual(['2:a=2', '3:b=2', '4:c=1', '5:a=active']);
    expect([again.startOffset, again.endOffset]).toEqual([0, 6]);
    expect(again.read(0, 1000, 6, true)?.position).toBe(0);
  });

  it('keeps what was committed where aborted transactions wrote the same keys later', async () => {
    const keys = Array.from({ length: 100 }, (_, at) => `key-${at}`);
    const log = open();
    for (const key of keys) put(log, key, 'committed');
    for (const [at, key] of keys.entries()) {
      log.append(batchOf(['aborted'], { ...PRODUCER, key, baseSequence: at, timestampMs: NOW }), settings());
    }
    log.append(encodeMarker('abort', PRODUCER, 0, NOW), settings());
    log.roll();
    await compact(log, settings(), NOW);
    expect(contents(log)).toEqual([...keys.map((key, at) => `${at}:${key}=committed`), '200!']);
  });

  it('takes a marker out two passes after its records, one of them after delete.retention.ms', async () => {
    const log = open();
    const passes: string[][] = [];
    log.append(batchOf(['gone'], { ...PRODUCER, key: 'a', baseSequence: 0, timestampMs: NOW }), settings());
    log.append(encodeMarker('abort', PRODUCER, 0, NOW), settings());
    for (const nowMs of [NOW, NOW + 5000, NOW + 5500, NOW + 6000]) {
      put(log, `at-${nowMs - NOW}`, '1');
      log.roll();
      await compact(log, settings(), nowMs);
      passes.push(contents(log).filter((text) => text.includes('gone') || text.includes('!')));
    }
    expect(passes).toEqual([['1!'], ['1!'], ['1!'], []]);
    expect(log.abortedWithin(0, 10)).toEqual([]);
  });

  it('stops before the first open transaction', async () => {
    const log = open();
    put(log, 'a', '1');
    put(log, 'a', '2');
    log.append(batchOf(['open'], { ...PRODUCER, key: 'a', baseSequence: 0, timestampMs: NOW }), settings());
    put(log, 'a', '3');
    log.roll();
    await compact(log, settings(), NOW);
    expect(contents(log)).toEqual(['1:a=2', '2:a=open', '3:a=3']);
    expect(await compact(log, settings(), NOW)).toBe(false);
  });

  it('waits for min.compaction.lag.ms, and no longer than max.compaction.lag.ms, also after a restart', async () => {
    let log = open();
    put(log, 'a', '1', NOW - 5000);
    put(log, 'a', '2', NOW - 4000);
    log.roll();
    put(log, 'b', '1', NOW);
    log.roll();
    put(log, 'a', '3', NOW - 9000); // behind a younger segment: what follows that one waits too
    log.roll();
    put(log, 'c', 'active');
    await compact(log, settings({ 'min.compaction.lag.ms': '2000' }), NOW);
    expect(contents(log)).toEqual(['1:a=2', '2:b=1', '3:a=3', '4:c=active']);
    log.close();
    log = open();
    const lazy = { 'min.cleanable.dirty.ratio': '1', 'max.compaction.lag.ms': '10000' };
    expect(await compact(log, settings(lazy), NOW)).toBe(false);
    expect(await compact(log, settings(lazy), NOW + 2000)).toBe(true);
    expect(contents(log)).toEqual(['2:b=1', '3:a=3', '4:c=active']);
  });

  it('goes with retention where the policy is compact,delete', async () => {
    const both = settings({ 'cleanup.policy': 'compact,delete', 'retention.ms': '3000' });
    const log = open();
    put(log, 'a', 'old', NOW - 5000);
    put(log, 'b', 'old', NOW - 5000);
    log.roll();
    put(log, 'a', 'new', NOW - 1000);
    log.roll();
    put(log, 'c', 'active', NOW);
    enforceRetention(log, both, NOW);
    await compact(log, both, NOW);
    expect(contents(log)).toEqual(['2:a=new', '3:c=active']);
    expect(log.startOffset).toBe(2);
  });

  it.each(['before any old file went', 'after some went', 'after all went'])(
    'is completed by the next start where a kill hit it %s',
    async (moment) => {
      const log = open();
      put(log, 'a', '1');
      log.roll();
      put(log, 'a', '2', NOW + 7000);
      log.roll();
      put(log, 'b', '1');
      log.close();
      const killed = `${dir}-killed`;
      cpSync(dir, killed, { recursive: true });
      const finished = open();
      await compact(finished, settings(), NOW);
      // The folder as it was, and the finished file on its way to its place.
      const [merged = ''] = readdirSync(dir).filter((name) => name.endsWith('.log'));
      cpSync(join(dir, merged), join(killed, '0-1.swap'));
      const old = readdirSync(killed)
        .filter((name) => name.endsWith('.log'))
        .sort();
      const gone = { 'before any old file went': 0, 'after some went': 1, 'after all went': 2 }[moment] ?? 0;
      for (const name of old.slice(0, gone)) rmSync(join(killed, name));
      const again = open(killed);
      expect(contents(again)).toEqual(['1:a=2', '2:b=1']);
      expect(again.allSegments.map(({ maxTimestamp }) => maxTimestamp)).toEqual([NOW + 7000, NOW]);
      expect(readdirSync(killed).filter((name) => name.endsWith('.swap'))).toEqual([]);
      again.close();
      rmSync(killed, { recursive: true });
    },
  );

  it('drops a file that a kill left half written', () => {
    const log = open();
    put(log, 'a', '1');
    log.close();
    const [file = ''] = readdirSync(dir).filter((name) => name.endsWith('.log'));
    cpSync(join(dir, file), join(dir, 'copy'));
    renameSync(join(dir, 'copy'), join(dir, `${file}.cleaned`));
    expect(contents(open())).toEqual(['0:a=1']);
    expect(readdirSync(dir).filter((name) => name.endsWith('.cleaned'))).toEqual([]);
  });

  it('agrees with a model of committed records, whatever was written, aborted, compacted, closed or killed', () =>
    agreesWithModel(dir, { numRuns: 200 }));
});
