import { javaDouble } from '../../protocol/java-number.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { ofKind, type Value } from '../values/value.js';
import { jsonWriter } from './json-writer.js';

const [SPACE, QUOTE, MINUS, DOT, ZERO, BACKSLASH, DELETE] = [32, 34, 45, 46, 48, 92, 127];
/** What is written shares pieces of this size. */
const PIECE_BYTES = 32 * 1024;
/** Longer text is encoded faster by what encodes any. */
const SHORT_MAX = 64;
const DIGITS_MAX = 20;
/** The point and two digits. */
const FRACTION_MAX = 3;
const INT32_END = 2 ** 31;
/** In hundredths: beyond it Java writes doubles with exponents. */
const PLAIN_END = 10 ** 9;
const NULL_WORD = Buffer.from('null');

/**
 * The bytes of JSON, written one by one: text would have to be put together first and encoded then. What was written shares its memory
 * with what was written about the same time: who keeps it for long copies it.
 */
export class JsonBytes {
  private bytes: Buffer = Buffer.alloc(0);
  private from = 0;
  private at = 0;

  begin(): void {
    this.from = this.at;
  }

  /** What was written since it began. */
  end(): Buffer {
    return this.bytes.subarray(this.from, this.at);
  }

  raw(part: Buffer): void {
    this.reserve(part.length);
    this.bytes.set(part, this.at);
    this.at += part.length;
  }

  /** JSON text. */
  json(text: string): void {
    this.reserve(3 * text.length);
    this.at += this.bytes.write(text, this.at);
  }

  /** JSON text, all of it ASCII. */
  ascii(text: string): void {
    this.reserve(text.length);
    const { bytes } = this;
    let { at } = this;
    for (let index = 0; index < text.length; index += 1) bytes[at++] = text.charCodeAt(index);
    this.at = at;
  }

  /** Text as a JSON string. */
  text(value: string): void {
    if (value.length > SHORT_MAX) {
      this.json(JSON.stringify(value));
      return;
    }
    this.reserve(value.length + 2);
    const { bytes } = this;
    let { at } = this;
    bytes[at++] = QUOTE;
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code < SPACE || code >= DELETE || code === QUOTE || code === BACKSLASH) {
        this.json(JSON.stringify(value));
        return;
      }
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.at = at;
  }

  whole(value: number): void {
    if (!Number.isSafeInteger(value)) {
      this.ascii(String(value));
      return;
    }
    this.reserve(DIGITS_MAX);
    const { bytes } = this;
    if (value < 0) bytes[this.at++] = MINUS;
    let rest = Math.abs(value);
    let digits = 1;
    for (let power = 10; rest >= power; power *= 10) digits += 1;
    this.at += digits;
    let at = this.at;
    // Whole numbers of 32 bits are divided much faster.
    for (; rest >= INT32_END; digits -= 1) {
      const tenth = Math.floor(rest / 10);
      bytes[--at] = ZERO + (rest - 10 * tenth);
      rest = tenth;
    }
    for (; digits > 0; digits -= 1) {
      const tenth = (rest / 10) | 0;
      bytes[--at] = ZERO + (rest - 10 * tenth);
      rest = tenth;
    }
  }

  /** As Java writes doubles. */
  double(value: number): void {
    const size = Math.abs(value);
    const hundredths = Math.round(100 * size);
    // Few digits are what a double is written with if they are it, since no two decimals of up to 15 digits are one double.
    if (hundredths < 1 || hundredths >= PLAIN_END || hundredths / 100 !== size) {
      const text = javaDouble(value);
      this.ascii(Number.isFinite(value) ? text : `"${text}"`);
      return;
    }
    const whole = Math.floor(hundredths / 100);
    // -0 has no sign as a whole number.
    if (value < 0 && whole === 0) this.ascii('-');
    this.whole(value < 0 ? -whole : whole);
    this.reserve(FRACTION_MAX);
    const { bytes } = this;
    const fraction = hundredths % 100;
    bytes[this.at++] = DOT;
    bytes[this.at++] = ZERO + Math.floor(fraction / 10);
    if (fraction % 10 !== 0) bytes[this.at++] = ZERO + (fraction % 10);
  }

  private reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const begun = this.bytes.subarray(this.from, this.at);
    this.bytes = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, 2 * begun.length + count));
    this.bytes.set(begun);
    [this.from, this.at] = [0, begun.length];
  }
}

export type ByteWriter<Written = Value> = (value: Written, into: JsonBytes) => void;

/** What `jsonWriter` of that type writes. */
export function byteWriter(type: SqlType): ByteWriter {
  const write = writerOf(type);
  return (value, into) => {
    if (value === null) into.raw(NULL_WORD);
    else write(value, into);
  };
}

function writerOf(type: SqlType): ByteWriter {
  switch (type.kind) {
    case 'STRING':
      return ofKind(type.kind, (value, into: JsonBytes) => into.text(value));
    case 'INTEGER':
    case 'BIGINT':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return (value, into) => {
        const number = Number(value);
        if (Number.isSafeInteger(number)) into.whole(number);
        else into.ascii(String(value));
      };
    case 'DOUBLE':
      return ofKind(type.kind, (value, into: JsonBytes) => into.double(value));
    case 'STRUCT':
      return ofKind(type.kind, objectBytes(type.fields));
    default: {
      const write = jsonWriter(type);
      return (value, into) => into.json(write(value));
    }
  }
}

/** What `objectWriter` of those fields writes. */
export function objectBytes(fields: ReadonlyArray<{ name: string; type: SqlType }>): ByteWriter<readonly Value[]> {
  const parts = fields.map(({ name, type }, at) => ({
    head: Buffer.from(`${at === 0 ? '{' : ','}${JSON.stringify(name)}:`),
    write: byteWriter(type),
  }));
  const end = Buffer.from(parts.length === 0 ? '{}' : '}');
  return (values, into) => {
    for (let at = 0; at < parts.length; at += 1) {
      const part = parts[at];
      if (part === undefined) continue;
      into.raw(part.head);
      part.write(values[at] ?? null, into);
    }
    into.raw(end);
  };
}

/** All JSON of a process: what is written about the same time goes to the same place. */
const SHARED = new JsonBytes();

export function jsonBytes<Written>(write: ByteWriter<Written>, value: Written): Buffer {
  SHARED.begin();
  write(value, SHARED);
  return SHARED.end();
}
