import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startKafka } from '../../../../src/embedded/kafka/index.js';
import { type ErrorName, errorName } from '../../../../src/protocol/kafka/errors.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { fetch } from '../../../../src/protocol/kafka/messages/fetch.js';
import { offsetCommit } from '../../../../src/protocol/kafka/messages/offset-commit.js';
import { offsetFetch } from '../../../../src/protocol/kafka/messages/offset-fetch.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import { recordsOf, sizeOf } from '../../../../src/protocol/kafka/record-batch.js';
import { batchOf, RawClient } from './raw-client.js';

/** Only root may mount a disk of a few MB. */
const MAY_MOUNT = process.platform === 'linux' && process.getuid?.() === 0;

let disk: string;

beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'evpipe-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'none', disk]);
});

afterEach(() => {
  execFileSync('umount', ['--lazy', disk]); // also where a test that failed left a file open
  rmSync(disk, { recursive: true });
});

async function send(client: RawClient, value: string): Promise<ErrorName | undefined> {
  const topicData = [{ name: 't', partitionData: [{ index: 0, records: batchOf([value]) }] }];
  const { responses } = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
  return errorName(responses[0]?.partitionResponses[0]?.errorCode ?? -1);
}

async function values(client: RawClient): Promise<string[]> {
  const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 4_000_000 }];
  const answer = await client.send(fetch, 12, { maxWaitMs: 0, minBytes: 1, topics: [{ topic: 't', partitions }] });
  const bytes = answer.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += sizeOf(bytes, at)) {
    const records = recordsOf(bytes.subarray(at, at + sizeOf(bytes, at)));
    found.push(...records.map(({ offset, value }) => `${offset}:${value?.subarray(0, 6).toString()}`));
  }
  return found;
}

async function commit(client: RawClient, committedOffset: bigint): Promise<void> {
  const topics = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset }] }];
  await client.send(offsetCommit, 8, { groupId: 'g', topics });
}

async function committed(client: RawClient): Promise<bigint | undefined> {
  const groups = [{ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] }];
  const answer = await client.send(offsetFetch, 8, { groups });
  return answer.groups[0]?.topics[0]?.partitions[0]?.committedOffset;
}

describe.runIf(MAY_MOUNT)('a broker whose disk is full', () => {
  it('refuses what it cannot store, goes on by itself when there is room, and starts on a full one', async () => {
    const dataDir = join(disk, 'data');
    const filler = join(disk, 'filler');
    const fill = () => {
      try {
        writeFileSync(filler, Buffer.alloc(4 * 1024 * 1024, 1), { flag: 'a' });
      } catch (failure) {
        expect((failure as NodeJS.ErrnoException).code).toBe('ENOSPC');
      }
    };
    let kafka = await startKafka({ dataDir });
    let client = await RawClient.open(kafka.bootstrapServers);
    await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
    expect(await send(client, 'first')).toBe('NONE');
    await commit(client, 1n);
    fill();
    // Some fit into the last page that the file has; a large one doesn't.
    expect(await send(client, `lost${'x'.repeat(20_000)}`)).toBe('KAFKA_STORAGE_ERROR');
    expect(await send(client, `lost${'x'.repeat(20_000)}`)).toBe('KAFKA_STORAGE_ERROR');
    expect(await values(client)).toEqual(['0:first']);
    let commits = 1;
    try {
      for (; commits < 200; commits++) await commit(client, BigInt(commits + 1));
    } catch {
      client = await RawClient.open(kafka.bootstrapServers); // one that could not be stored ends its connection
    }
    expect(commits).toBeLessThan(200);
    expect(await committed(client)).toBe(BigInt(commits));

    await kafka.stop();
    kafka = await startKafka({ dataDir });
    client.close();
    client = await RawClient.open(kafka.bootstrapServers);
    expect(await values(client)).toEqual(['0:first']);
    expect(await committed(client)).toBe(BigInt(commits));
    expect(await send(client, `lost${'x'.repeat(20_000)}`)).toBe('KAFKA_STORAGE_ERROR');

    rmSync(filler);
    expect(await send(client, `second${'x'.repeat(20_000)}`)).toBe('NONE');
    await commit(client, 999n);
    await kafka.stop();
    client.close();
    kafka = await startKafka({ dataDir });
    client = await RawClient.open(kafka.bootstrapServers);
    expect(await values(client)).toEqual(['0:first', '1:second']);
    expect(await committed(client)).toBe(999n);
    client.close();
    await kafka.stop();
  });
});
