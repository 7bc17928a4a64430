import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import type { FieldTable } from './field-table.js';
import { FIELD_TYPES, type FieldTypeName } from './field-type.js';
import { MalformedFrame } from './malformed.js';

/** What a message says of itself. Absent properties are undefined. */
export interface BasicProperties {
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly headers?: FieldTable | undefined;
  /** 2: persistent. */
  readonly deliveryMode?: number | undefined;
  readonly priority?: number | undefined;
  readonly correlationId?: string | undefined;
  readonly replyTo?: string | undefined;
  /** Milliseconds, as text. */
  readonly expiration?: string | undefined;
  readonly messageId?: string | undefined;
  /** Seconds since the epoch. */
  readonly timestamp?: number | undefined;
  readonly type?: string | undefined;
  readonly userId?: string | undefined;
  readonly appId?: string | undefined;
  readonly clusterId?: string | undefined;
}

/** In the order of the wire. */
const TYPES: ReadonlyArray<readonly [name: keyof BasicProperties, type: FieldTypeName]> = [
  ['contentType', 'shortstr'],
  ['contentEncoding', 'shortstr'],
  ['headers', 'table'],
  ['deliveryMode', 'octet'],
  ['priority', 'octet'],
  ['correlationId', 'shortstr'],
  ['replyTo', 'shortstr'],
  ['expiration', 'shortstr'],
  ['messageId', 'shortstr'],
  ['timestamp', 'longlong'],
  ['type', 'shortstr'],
  ['userId', 'shortstr'],
  ['appId', 'shortstr'],
  ['clusterId', 'shortstr'],
];

/** The first one's flag is bit 15. */
const PROPERTIES = TYPES.map(([name, type], at) => ({ name, type: FIELD_TYPES[type], flag: 0x8000 >> at }));

/** Bit 0 would announce a second word of flags; class basic has 14 properties. Bit 1 is not a property. */
const UNKNOWN_FLAGS = 0b11;

/** Decodes the property flags and the properties behind them. Throws MalformedFrame. */
export function decodeProperties(bytes: Buffer): BasicProperties {
  const reader = new ByteReader(bytes);
  const flags = reader.short();
  if ((flags & UNKNOWN_FLAGS) !== 0) throw new MalformedFrame('unknown property flags');
  const properties: Partial<Record<keyof BasicProperties, unknown>> = {};
  for (const { name, type, flag } of PROPERTIES) if ((flags & flag) !== 0) properties[name] = type.read(reader);
  return properties as BasicProperties;
}

export function encodeProperties(properties: BasicProperties): Buffer {
  const writer = new ByteWriter(256);
  let flags = 0;
  writer.short(0);
  for (const { name, type, flag } of PROPERTIES) {
    const value = properties[name];
    if (value === undefined) continue;
    flags |= flag;
    type.write(writer, value);
  }
  const bytes = writer.take();
  bytes.writeUInt16BE(flags, 0);
  return bytes;
}
