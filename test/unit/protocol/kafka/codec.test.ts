import { describe, expect, it } from 'vitest';
import {
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  inMemory,
} from '../../../../src/protocol/kafka/codec.js';
import { errorCode, errorName, isRetriable } from '../../../../src/protocol/kafka/errors.js';
import { MalformedMessage } from '../../../../src/protocol/kafka/malformed.js';
import { fetch } from '../../../../src/protocol/kafka/messages/fetch.js';
import { metadata } from '../../../../src/protocol/kafka/messages/metadata.js';
import { APIS } from '../../../../src/protocol/kafka/messages/table.js';
import { Reader } from '../../../../src/protocol/kafka/reader.js';
import { type Field, type Fields, type FieldType, includes } from '../../../../src/protocol/kafka/schema.js';

/** A value that differs from the default in every field of a struct that this version has. */
function sample(fields: Fields, version: number, seed = { next: 1 }): Record<string, unknown> {
  const of = (type: FieldType): unknown => {
    if (type.kind === 'struct') return sample(type.fields, version, seed);
    if (type.kind === 'list') return [of(type.element), of(type.element)];
    const n = seed.next++ % 100;
    switch (type.primitive) {
      case 'bool':
        return true;
      case 'int64':
        return BigInt(n) + 5_000_000_000n;
      case 'string':
        return `text ${n} ü`;
      case 'uuid':
        return Buffer.alloc(16, n).toString('base64url');
      case 'bytes':
        return Buffer.alloc(n, n);
      case 'records':
        return Buffer.alloc(2100, n);
      default:
        return n + 1;
    }
  };
  const present = (field: Field<unknown, unknown>) => includes(field.versions, version);
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, field]) => present(field))
      .map(([name, field]) => [name, of(field.type)]),
  );
}

/** With bytes as text, which is compared at once and not byte by byte. */
function readable(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, readableValue(value)]));
}

function readableValue(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Array.isArray(value)) return value.map(readableValue);
  return typeof value === 'object' && value !== null ? readable(value) : value;
}

describe('the Kafka codec', () => {
  for (const api of APIS) {
    it(`reads what it wrote: ${api.name}`, () => {
      for (let version = api.versions[0]; version <= api.versions[1]; version++) {
        const request = sample(api.request, version);
        const frame = Buffer.concat(encodeRequest(api, version, { correlationId: 77, clientId: 'client' }, request));
        expect(frame.readInt32BE(0)).toBe(frame.length - 4);
        const reader = new Reader(frame.subarray(4));
        expect(decodeRequestHeader(reader)).toEqual({
          apiKey: api.key,
          apiVersion: version,
          correlationId: 77,
          clientId: 'client',
        });
        expect(readable(decodeRequest(api, version, reader))).toMatchObject(readable(request));

        const response = sample(api.response, version);
        const answer = Buffer.concat(inMemory(encodeResponse(api, version, 78, response)));
        const decoded = decodeResponse(api, version, answer.subarray(4));
        expect(decoded.correlationId).toBe(78);
        expect(readable(decoded.value)).toMatchObject(readable(response));
      }
    });
  }

  it('fills in what was left out and what a version lacks', () => {
    const frame = Buffer.concat(encodeRequest(fetch, 4, { correlationId: 1, clientId: null }, { maxWaitMs: 5 }));
    const reader = new Reader(frame.subarray(4));
    decodeRequestHeader(reader);
    expect(decodeRequest(fetch, 4, reader)).toMatchObject({
      maxWaitMs: 5,
      maxBytes: 2147483647,
      sessionEpoch: -1,
      rackId: '',
      clusterId: null,
      topics: [],
    });
  });

  it('ignores what follows a request, as Kafka does for librdkafka', () => {
    const frame = Buffer.concat(encodeRequest(metadata, 12, { correlationId: 1, clientId: 'c' }, { topics: null }));
    const reader = new Reader(Buffer.concat([frame.subarray(4), Buffer.from([0, 0, 0])]));
    decodeRequestHeader(reader);
    expect(decodeRequest(metadata, 12, reader).topics).toBeNull();
  });

  it('keeps large record batches by reference, in one or several parts', () => {
    const [one, two] = [Buffer.alloc(4000, 1), Buffer.alloc(6000, 2)];
    const partition = { partitionIndex: 0, records: [one, two] };
    const parts = inMemory(encodeResponse(fetch, 12, 1, { responses: [{ topic: 't', partitions: [partition] }] }));
    expect(parts).toContain(one);
    expect(parts).toContain(two);
    const { value } = decodeResponse(fetch, 12, Buffer.concat(parts).subarray(4));
    expect(value.responses[0]?.partitions[0]?.records).toEqual(Buffer.concat([one, two]));
  });

  it('refuses every truncation and lengths that lie', () => {
    const whole = Buffer.concat(
      encodeRequest(metadata, 12, { correlationId: 1, clientId: 'c' }, { topics: [{ name: 'one' }, { name: 'two' }] }),
    ).subarray(4);
    for (let length = 0; length < whole.length; length++) {
      const reader = new Reader(whole.subarray(0, length));
      expect(() => {
        decodeRequestHeader(reader);
        decodeRequest(metadata, 12, reader);
      }).toThrow(MalformedMessage);
    }
    const lying = Buffer.from([0x7f, 0xff, 0xff, 0xff]);
    expect(() => new Reader(lying).arrayLength(false)).toThrow(MalformedMessage);
  });

  it('knows errors by name and by number', () => {
    expect(errorCode('NOT_LEADER_OR_FOLLOWER')).toBe(6);
    expect(errorName(87)).toBe('INVALID_RECORD');
    expect(errorName(9999)).toBe('UNKNOWN_SERVER_ERROR');
    expect(isRetriable('NOT_COORDINATOR')).toBe(true);
    expect(isRetriable(36)).toBe(false);
  });
});
