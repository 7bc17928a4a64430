import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PartitionLog } from '../../../../src/embedded/kafka/log/partition-log.js';
import { BrokerSettings, topicSettings } from '../../../../src/embedded/kafka/topics/settings.js';
import { compact } from '../../../../src/embedded/kafka/upkeep/compaction.js';
import { enforceRetention } from '../../../../src/embedded/kafka/upkeep/retention.js';
import { encodeMarker, recordsOf } from '../../../../src/protocol/kafka/record-batch.js';
import { silentLog } from '../../../../src/support/log.js';
import { batchOf } from './raw-client.js';

const NOW = 1_700_000_000_000;
const settings = (config: Record<string, string> = {}) =>
  topicSettings(new Map(Object.entries(config)), new BrokerSettings(new Map(), new Map(), new Map()));
const limits = settings();

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'evpipe-log-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = () => PartitionLog.open('t-0', dir, { now: () => NOW, log: silentLog });

function contents(log: PartitionLog): string[] {
  return log.allSegments.flatMap((segment) =>
    [...segment.batches()].flatMap(({ position, size }) =>
      recordsOf(segment.read(position, size)).map(
        ({ offset, key, value }) => `${offset}:${key ?? ''}=${value ?? 'null'}`,
      ),
    ),
  );
}

describe('recovery', () => {
  it('cuts a torn end off and goes on with the next offset', () => {
    const log = open();
    log.append(batchOf(['a', 'b']), limits);
    log.append(batchOf(['c']), limits);
    log.checkpoint();
    log.append(batchOf(['d']), limits);
    const [file] = readdirSync(dir).filter((name) => name.endsWith('.log'));
    appendFileSync(join(dir, file ?? ''), batchOf(['torn']).subarray(0, 40));
    const again = open();
    expect(again.endOffset).toBe(4);
    expect(contents(again).map((text) => text.split('=')[1])).toEqual(['a', 'b', 'c', 'd']);
    expect(again.append(batchOf(['e']), limits)).toBe(4);
    again.close();
    expect(open().endOffset).toBe(5);
  });

  it('knows open and aborted transactions again', () => {
    const producer = { producerId: 5, producerEpoch: 0, transactional: true };
    const log = open();
    log.append(batchOf(['a'], { ...producer, baseSequence: 0 }), limits);
    log.append(encodeMarker('abort', producer, 0, NOW), limits);
    log.append(batchOf(['b'], { ...producer, baseSequence: 1 }), limits);
    for (const recovered of [log, open()]) {
      expect(recovered.lastStableOffset).toBe(2);
      expect(recovered.abortedWithin(0, 3)).toMatchObject([{ producerId: 5, firstOffset: 0, lastOffset: 1 }]);
    }
  });
});

describe('retention', () => {
  it('removes what is too old and what is too much', () => {
    const log = open();
    for (let at = 0; at < 5; at++) {
      log.append(batchOf([`v${at}`], { timestampMs: NOW - 5000 + at * 1000 }), limits);
      log.roll();
    }
    enforceRetention(log, settings({ 'retention.ms': '3500' }), NOW);
    expect(log.startOffset).toBe(2);
    const one = log.allSegments[0]?.size ?? 0;
    enforceRetention(log, settings({ 'retention.ms': '-1', 'retention.bytes': String(one) }), NOW);
    expect([log.startOffset, log.endOffset]).toEqual([4, 5]);
    log.close();
    expect([open().startOffset, open().endOffset]).toEqual([4, 5]);
  });
});

describe('compaction', () => {
  it('keeps the last record of every key, tombstones for their time, and every offset', async () => {
    const config = settings({ 'cleanup.policy': 'compact', 'delete.retention.ms': '1000' });
    const log = open();
    const old = NOW - 10_000;
    const put = (key: string, value: string) => log.append(batchOf([value], { key, timestampMs: old }), limits);
    put('a', '1');
    put('b', '1');
    put('a', '2');
    log.roll();
    put('b', '2');
    put('c', '1');
    log.roll();
    put('a', 'active');
    expect(await compact(log, config, NOW)).toBe(true);
    expect(contents(log)).toEqual(['2:a=2', '3:b=2', '4:c=1', '5:a=active']);
    expect(await compact(log, config, NOW)).toBe(false);
    log.close();
    const again = open();
    expect(contents(again)).toEqual(['2:a=2', '3:b=2', '4:c=1', '5:a=active']);
    expect([again.startOffset, again.endOffset]).toEqual([0, 6]);
    expect(again.read(0, 1000, 6, true)?.position).toBe(0);
  });

  it('drops records of aborted transactions', async () => {
    const config = settings({ 'cleanup.policy': 'compact' });
    const producer = { producerId: 5, producerEpoch: 0, transactional: true };
    const log = open();
    log.append(batchOf(['gone'], { ...producer, key: 'a', baseSequence: 0, timestampMs: NOW }), limits);
    log.append(encodeMarker('abort', producer, 0, NOW), limits);
    log.append(batchOf(['kept'], { key: 'b', timestampMs: NOW }), limits);
    log.roll();
    await compact(log, config, NOW);
    expect(contents(log).filter((text) => text.includes('gone'))).toEqual([]);
    expect(contents(log)).toContain('2:b=kept');
  });
});
