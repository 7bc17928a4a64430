import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { EMPTY_TABLE, type FieldTable, readTable, writeTable } from './field-table.js';
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

type PropertyType = 'shortstr' | 'table' | 'octet' | 'longlong';

/** In the order of the wire; the first one's flag is bit 15. */
const PROPERTIES: ReadonlyArray<readonly [name: keyof BasicProperties, type: PropertyType]> = [
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

/** Bit 0 would announce a second word of flags; class basic has 14 properties. Bit 1 is not a property. */
const UNKNOWN_FLAGS = 0b11;

/** Decodes the property flags and the properties behind them. Throws MalformedFrame. */
export function decodeProperties(bytes: Buffer): BasicProperties {
  const reader = new ByteReader(bytes);
  const flags = reader.short();
  if ((flags & UNKNOWN_FLAGS) !== 0) throw new MalformedFrame('unknown property flags');
  const properties: Partial<Record<keyof BasicProperties, unknown>> = {};
  for (let at = 0; at < PROPERTIES.length; at++) {
    if ((flags & (0x8000 >> at)) === 0) continue;
    const [name, type] = PROPERTIES[at] as (typeof PROPERTIES)[number];
    properties[name] = type === 'table' ? readTable(reader) : reader[type]();
  }
  return properties as BasicProperties;
}

export function encodeProperties(properties: BasicProperties): Buffer {
  const writer = new ByteWriter(256);
  let flags = 0;
  writer.short(0);
  for (let at = 0; at < PROPERTIES.length; at++) {
    const [name, type] = PROPERTIES[at] as (typeof PROPERTIES)[number];
    const value = properties[name];
    if (value === undefined) continue;
    flags |= 0x8000 >> at;
    if (type === 'table') writeTable(writer, (value as FieldTable) ?? EMPTY_TABLE);
    else if (type === 'shortstr') writer.shortstr(value as string);
    else writer[type](value as number);
  }
  const bytes = writer.take();
  bytes.writeUInt16BE(flags, 0);
  return bytes;
}
