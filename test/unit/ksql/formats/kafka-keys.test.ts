import { describe, expect, it } from 'vitest';
import { KAFKA } from '../../../../src/ksql/formats/kafka.js';

const serde = () =>
  KAFKA.serde({
    role: 'key',
    columns: [{ name: 'K', type: { kind: 'STRING' } }],
    wrapped: false,
    topic: 't',
    delimiter: ',',
    registry: undefined,
    schemaFullName: undefined,
    schemaId: undefined,
    nullable: undefined,
  });

describe('text keys in the KAFKA format', () => {
  it('go out as they came in, whatever was read before', async () => {
    const [reader, writer] = [await serde(), await serde()];
    for (const text of ['a', '', 'ü', 'a', '\u0000', 'longer than the ones before', '🍕']) {
      const bytes = Buffer.from(text);
      const key = reader.decode(bytes) ?? [];
      expect(key).toEqual([text]);
      expect(writer.encode(key)).toEqual(bytes);
      expect(writer.encode(['another'])).toEqual(Buffer.from('another'));
    }
  });

  it('with bytes that are none of UTF-8 go out with what stands for them', async () => {
    const { decode, encode } = await serde();
    expect(encode(decode(Buffer.from([0x61, 0xff])) ?? [])).toEqual(Buffer.from('a\ufffd'));
  });
});
