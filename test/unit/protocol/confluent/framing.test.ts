import { expect, test } from 'vitest';
import { frameValue, unframeValue } from '../../../../src/protocol/confluent/framing.js';

test('a framed value gives its id and payload back', () => {
  const framed = frameValue(70_000, Buffer.from('payload'));
  expect([...framed.subarray(0, 5)]).toEqual([0, 0, 1, 17, 112]);
  expect(unframeValue(framed)).toEqual({ schemaId: 70_000, payload: Buffer.from('payload') });
});

test.each(['', '\0abc', '{"a":1}'])('%j is not framed', (text) => {
  expect(unframeValue(Buffer.from(text))).toBeUndefined();
});
