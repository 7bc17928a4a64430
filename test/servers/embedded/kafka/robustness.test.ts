import { describe, expect, it } from 'vitest';
import { startKafka } from '../../../../src/embedded/kafka/index.js';
import { decodeResponse } from '../../../../src/protocol/kafka/codec.js';
import { errorCode, errorName } from '../../../../src/protocol/kafka/errors.js';
import { apiVersions } from '../../../../src/protocol/kafka/messages/api-versions.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { metadata } from '../../../../src/protocol/kafka/messages/metadata.js';
import { RawClient } from '../../../support/kafka-raw-client.js';
import { TestBroker } from './running-broker.js';

/** Mulberry32: small, seeded, good enough for bytes. */
function randomBytes(seed: number): (length: number) => Buffer {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  return (length) => Buffer.from(Array.from({ length }, () => next() & 255));
}

function requestFrame(apiKey: number, version: number): Buffer {
  const frame = Buffer.alloc(14);
  frame.writeInt32BE(10, 0);
  frame.writeInt16BE(apiKey, 4);
  frame.writeInt16BE(version, 6);
  frame.writeInt32BE(7, 8);
  frame.writeInt16BE(-1, 12);
  return frame;
}

async function closes(broker: TestBroker, bytes: Buffer): Promise<void> {
  const client = await RawClient.open(broker.address);
  client.socket.write(bytes);
  await client.closed;
}

describe('a broker among bad clients', () => {
  it('answers an unknown version of ApiVersions in version 0 and goes on', async () => {
    const client = await (await TestBroker.start()).client();
    const frame = await client.sendBytes(requestFrame(18, 99));
    expect(decodeResponse(apiVersions, 0, frame).value.errorCode).toBe(errorCode('UNSUPPORTED_VERSION'));
    const { apiKeys } = await client.send(apiVersions, 4, { clientSoftwareName: 'test', clientSoftwareVersion: '1' });
    expect(apiKeys.length).toBeGreaterThan(30);
  });

  it('closes a connection that sends no request of its, and serves the others', async () => {
    const broker = await TestBroker.start();
    const good = await broker.client();
    await closes(broker, requestFrame(999, 0)); // unknown request
    await closes(broker, requestFrame(1, 99)); // unknown version
    await closes(broker, Buffer.from([0xff, 0xff, 0xff, 0xff])); // negative size
    await closes(broker, Buffer.from([0x7f, 0, 0, 0])); // beyond the bound
    await closes(broker, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await closes(broker, Buffer.from([0, 0, 0, 2, 0, 1])); // too short for a header
    expect((await good.send(metadata, 12, { topics: null })).brokers).toHaveLength(1);
  });

  it('answers for a topic once, however often a request names it', async () => {
    const client = await (await TestBroker.start()).client();
    const name = 'orders.eu';
    const topic = { name, numPartitions: 1, replicationFactor: 1 };
    expect((await client.send(createTopics, 5, { topics: [topic] })).topics).toHaveLength(1);
    const named = Array.from({ length: 1000 }, () => ({ name }));
    expect((await client.send(metadata, 12, { topics: named })).topics).toHaveLength(1);
    const { topics } = await client.send(createTopics, 5, {
      topics: [topic, { ...topic, name: 'orders_eu' }, { ...topic, name: 'twice' }, { ...topic, name: 'twice' }],
    });
    expect(topics.map((one) => [one.name, errorName(one.errorCode)])).toEqual([
      [name, 'TOPIC_ALREADY_EXISTS'],
      ['orders_eu', 'INVALID_TOPIC_EXCEPTION'],
      ['twice', 'INVALID_REQUEST'],
    ]);
  });

  it('survives random bytes behind every request header', { timeout: 60_000 }, async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1e9);
    console.info(`seed ${seed}`);
    const random = randomBytes(seed);
    const broker = await TestBroker.start();
    const client = await broker.client();
    const { apiKeys } = await client.send(apiVersions, 3, { clientSoftwareName: 'test', clientSoftwareVersion: '1' });
    for (let round = 0; round < 3; round++) {
      for (const { apiKey, maxVersion } of apiKeys) {
        const body = random(1 + (random(1)[0] ?? 0));
        const frame = Buffer.concat([requestFrame(apiKey, maxVersion), body]);
        frame.writeInt32BE(frame.length - 4, 0);
        const bad = await RawClient.open(broker.address);
        // Whatever it is taken for, it is answered, waited with, or ends its own connection.
        bad.socket.write(frame);
        await new Promise((resolve) => setImmediate(resolve));
        bad.close();
      }
    }
    expect((await client.send(metadata, 12, { topics: [] })).brokers).toHaveLength(1);
  });

  it('bounds what unfinished frames of all connections hold', { timeout: 60_000 }, async () => {
    const broker = await TestBroker.start();
    const good = await broker.client();
    const bad = await Promise.all(Array.from({ length: 12 }, () => RawClient.open(broker.address)));
    const announced = Buffer.alloc(4);
    announced.writeInt32BE(99_000_000, 0);
    const junk = Buffer.alloc(8 * 1024 * 1024);
    let closed = 0;
    for (const client of bad) {
      client.closed.then(() => closed++);
      client.socket.write(announced);
      for (let at = 0; at < 5; at++) client.socket.write(junk);
    }
    // 12 times 40 MiB are more than may be held: some of them are ended.
    const deadline = Date.now() + 30_000;
    while (closed === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(closed).toBeGreaterThan(0);
    expect((await good.send(metadata, 12, { topics: [] })).brokers).toHaveLength(1);
    for (const client of bad) client.close();
  });
});

describe('a folder', () => {
  it('belongs to one broker at a time', async () => {
    const broker = await TestBroker.start();
    await expect(startKafka({ dataDir: broker.dataDir })).rejects.toThrow('is used by');
    await broker.restart();
  });
});
