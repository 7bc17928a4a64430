import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PartitionLog } from '../../../../src/embedded/kafka/log/partition-log.js';
import { BrokerSettings, topicSettings } from '../../../../src/embedded/kafka/topics/settings.js';
import { enforceRetention } from '../../../../src/embedded/kafka/upkeep/retention.js';
import { encodeMarker } from '../../../../src/protocol/kafka/encode-batch.js';
import { recordsOf } from '../../../../src/protocol/kafka/record-batch.js';
import { silentLog } from '../../../../src/support/log.js';
import { batchOf } from '../../../support/kafka-batch.js';

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

  it('leaves nothing where the folder of its broker was, once that is moved', () => {
    const topic = join(dir, 'topic');
    mkdirSync(topic);
    const log = PartitionLog.open('t-0', join(topic, '0'), { now: () => NOW, log: silentLog });
    log.append(batchOf(['a']), limits);
    renameSync(topic, join(dir, 'moved'));
    log.append(batchOf(['b']), limits);
    expect(() => log.checkpoint()).toThrow(/ENOENT/);
    log.close();
    expect(readdirSync(dir)).toEqual(['moved']);
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
