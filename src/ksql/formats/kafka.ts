import { writeInt64 } from '../../protocol/kafka/record-batch.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { formatColumns } from '../metadata/schema.js';
import { StatementError } from '../statement-error.js';
import type { Value, ValueForms } from '../values/value.js';
import type { Format } from './format.js';

interface Codec<Form extends Value = Value> {
  decode(bytes: Buffer): Form;
  encode(value: Form): Buffer;
}

function sized(bytes: Buffer, size: number): Buffer {
  if (bytes.length !== size) throw new RangeError(`Size of data received is not ${size}`);
  return bytes;
}

const CODECS: { readonly [Kind in SqlType['kind']]?: Codec<ValueForms[Kind]> } = {
  INTEGER: {
    decode: (bytes) => sized(bytes, 4).readInt32BE(0),
    encode: (value) => {
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeInt32BE(value);
      return bytes;
    },
  },
  BIGINT: {
    decode: (bytes) => sized(bytes, 8).readBigInt64BE(0),
    encode: (value) => {
      const bytes = Buffer.allocUnsafe(8);
      const number = Number(value);
      if (Number.isSafeInteger(number)) writeInt64(bytes, number, 0);
      else bytes.writeBigInt64BE(value);
      return bytes;
    },
  },
  DOUBLE: {
    decode: (bytes) => sized(bytes, 8).readDoubleBE(0),
    encode: (value) => {
      const bytes = Buffer.allocUnsafe(8);
      bytes.writeDoubleBE(value);
      return bytes;
    },
  },
  STRING: textCodec(),
  BYTES: { decode: (bytes) => Buffer.from(bytes), encode: (value) => Buffer.from(value) },
};

/** Mostly the key that comes out is the one that went in last: it has its bytes already. */
function textCodec(): Codec<string> {
  let lastText: string | undefined;
  let lastBytes: Buffer = Buffer.alloc(0);
  return {
    decode(bytes) {
      lastBytes = bytes;
      lastText = bytes.toString('utf8');
      return lastText;
    },
    encode: (value) => (value === lastText && isAscii(lastBytes) ? lastBytes : Buffer.from(value, 'utf8')),
  };
}

/** Other bytes may be none of UTF-8: they are replaced. */
function isAscii(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at++) if ((bytes[at] ?? 0) > 127) return false;
  return true;
}

export const KAFKA: Format = {
  name: 'KAFKA',
  meaning: 'One column in the bytes of Kafka’s own serializers: big-endian numbers, UTF-8 text.',
  inference: false,
  wrapping: 'never',
  check(columns, role) {
    if (columns.length > 1) {
      throw new StatementError(`The 'KAFKA' format only supports a single field. Got: ${formatColumns(columns, role)}`);
    }
    for (const { type } of columns) {
      if (CODECS[type.kind] !== undefined) continue;
      throw new StatementError(`The 'KAFKA' format does not support type '${type.kind}'`);
    }
  },
  async serde({ columns }) {
    const codec: Codec | undefined = columns[0] && CODECS[columns[0].type.kind];
    return {
      decode: (bytes) => (codec === undefined ? [] : [codec.decode(bytes)]),
      encode: (values) => {
        const value = values[0] ?? null; // not destructured: that takes an iterator for each record
        return codec === undefined || value === null ? null : codec.encode(value);
      },
    };
  },
};
