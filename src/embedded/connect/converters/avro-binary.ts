import { dataFailure } from '../data/failure.js';
import type { Schema, Struct, Value } from '../data/schema.js';

/** A growing buffer that is reused from record to record. */
export class AvroSink {
  private bytes = Buffer.allocUnsafe(4096);
  private at = 0;

  reset(): void {
    this.at = 0;
  }

  take(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.at));
  }

  private room(more: number): void {
    if (this.at + more <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + more));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.at++] = value;
  }

  /** Zigzag, seven bits a byte. */
  long(value: number | bigint): void {
    this.room(10);
    if (typeof value === 'number' && value >= -1073741824 && value < 1073741824) {
      let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
      for (; zigzag > 127; zigzag >>>= 7) this.bytes[this.at++] = (zigzag & 127) | 128;
      this.bytes[this.at++] = zigzag;
      return;
    }
    const big = BigInt(value);
    let zigzag = BigInt.asUintN(64, (big << 1n) ^ (big >> 63n));
    for (; zigzag > 127n; zigzag >>= 7n) this.bytes[this.at++] = Number(zigzag & 127n) | 128;
    this.bytes[this.at++] = Number(zigzag);
  }

  float(value: number): void {
    this.room(4);
    this.at = this.bytes.writeFloatLE(value, this.at);
  }

  double(value: number): void {
    this.room(8);
    this.at = this.bytes.writeDoubleLE(value, this.at);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value, 'utf8');
    this.long(length);
    this.room(length);
    this.at += this.bytes.write(value, this.at, 'utf8');
  }

  raw(value: Buffer): void {
    this.long(value.length);
    this.room(value.length);
    this.at += value.copy(this.bytes, this.at);
  }

  uint32BE(value: number): void {
    this.room(4);
    this.at = this.bytes.writeUInt32BE(value, this.at);
  }
}

export type AvroWrite = (sink: AvroSink, value: Value) => void;

/** A function that writes values of this schema as the Avro schema of `avroSchema` wants them. */
export function compileWrite(schema: Schema): AvroWrite {
  const present = compilePresent(schema);
  const fallback = schema.defaultValue ?? null;
  if (!schema.optional) {
    return (sink, value) => {
      const given = value ?? fallback;
      if (given === null) throw dataFailure(`Invalid null value for required ${schema.type.toUpperCase()} field`);
      present(sink, given);
    };
  }
  const swapped = fallback !== null && schema.type !== 'struct'; // the default's branch comes first
  const [nullBranch, valueBranch] = swapped ? [2, 0] : [0, 2];
  return (sink, value) => {
    const given = value ?? fallback;
    sink.byte(given === null ? nullBranch : valueBranch);
    if (given !== null) present(sink, given);
  };
}

function compilePresent(schema: Schema): AvroWrite {
  switch (schema.type) {
    case 'string':
      return (sink, value) => sink.text(value as string);
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return (sink, value) => sink.long(value as number | bigint);
    case 'float32':
      return (sink, value) => sink.float(value as number);
    case 'float64':
      return (sink, value) => sink.double(value as number);
    case 'boolean':
      return (sink, value) => sink.byte(value === true ? 1 : 0);
    case 'bytes':
      return (sink, value) => sink.raw(value as Buffer);
    case 'array':
      return items(schema.values, (value) => value as readonly Value[]);
    case 'map':
      return compileMap(schema);
    case 'struct': {
      const fields = schema.fields.map((field) => compileWrite(field.schema));
      return (sink, value) => {
        const values = (value as Struct).values;
        for (let index = 0; index < fields.length; index++) (fields[index] as AvroWrite)(sink, values[index] ?? null);
      };
    }
  }
}

function items(schema: Schema | undefined, of: (value: Value) => readonly Value[]): AvroWrite {
  if (schema === undefined) throw dataFailure('an array schema has no element schema');
  const write = compileWrite(schema);
  return (sink, value) => {
    const all = of(value);
    if (all.length > 0) sink.long(all.length);
    for (const one of all) write(sink, one);
    sink.byte(0);
  };
}

function compileMap(schema: Schema): AvroWrite {
  if (schema.keys === undefined || schema.values === undefined)
    throw dataFailure('a map schema has no key or value schema');
  const [key, one] = [compileWrite(schema.keys), compileWrite(schema.values)];
  return (sink, value) => {
    const map = value as ReadonlyMap<Value, Value>;
    if (map.size > 0) sink.long(map.size);
    for (const [name, item] of map) {
      key(sink, name);
      one(sink, item);
    }
    sink.byte(0);
  };
}
