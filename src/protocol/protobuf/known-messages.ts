import type { ProtobufValue } from './codec.js';
import type { ProtobufField, ProtobufMessage } from './schema.js';

/** Messages that stand for values of their own kind, in Confluent's formats as in Google's. */
export const TIMESTAMP_MESSAGE = 'google.protobuf.Timestamp';
export const DATE_MESSAGE = 'google.type.Date';
export const TIME_MESSAGE = 'google.type.TimeOfDay';
export const DECIMAL_MESSAGE = 'confluent.type.Decimal';

/** The files that define them. */
export const IMPORT_OF: ReadonlyMap<string, string> = new Map([
  [DECIMAL_MESSAGE, 'confluent/type/decimal.proto'],
  [TIMESTAMP_MESSAGE, 'google/protobuf/timestamp.proto'],
  [DATE_MESSAGE, 'google/type/date.proto'],
  [TIME_MESSAGE, 'google/type/timeofday.proto'],
]);
export const WRAPPERS_IMPORT = 'google/protobuf/wrappers.proto';

type Message = readonly ProtobufValue[];

const DAY_MS = 86_400_000;
const number = (value: ProtobufValue | undefined): number => Number(value ?? 0);

export const timestampOfMs = (ms: number): Message => {
  const seconds = Math.floor(ms / 1000);
  return [BigInt(seconds), (ms - seconds * 1000) * 1e6];
};
export const msOfTimestamp = ([seconds, nanos]: Message): number =>
  number(seconds) * 1000 + Math.trunc(number(nanos) / 1e6);

export const dateOfDays = (days: number): Message => {
  const date = new Date(days * DAY_MS);
  return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
};
/** Date.UTC takes years below 100 for those of 1900. */
export const daysOfDate = ([year, month, day]: Message): number =>
  new Date(0).setUTCFullYear(number(year), number(month) - 1, number(day)) / DAY_MS;

export const timeOfMs = (ms: number): Message => {
  const seconds = Math.floor(ms / 1000);
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60, (ms % 1000) * 1e6];
};
export const msOfTime = ([hours, minutes, seconds, nanos]: Message): number =>
  ((number(hours) * 60 + number(minutes)) * 60 + number(seconds)) * 1000 + Math.trunc(number(nanos) / 1e6);

/** Connect writes maps as repeated messages of key and value, whose name ends so. */
export function mapEntryOf({
  shape,
  type,
}: ProtobufField): { readonly key: ProtobufField; readonly value: ProtobufField } | undefined {
  if (shape !== 'repeated' || type.kind !== 'message' || !type.message.name.endsWith('Entry')) return undefined;
  const [key, value, ...more] = type.message.fields;
  return key?.name === 'key' && value?.name === 'value' && more.length === 0 ? { key, value } : undefined;
}

/** The value of google.protobuf.Int32Value and its kind. */
export function wrappedField({ fullName, fields }: ProtobufMessage): ProtobufField | undefined {
  return /^google\.protobuf\.(Double|Float|U?Int(32|64)|Bool|String|Bytes)Value$/.test(fullName)
    ? fields[0]
    : undefined;
}
