import { StatementError } from '../statement-error.js';
import { AVRO } from './avro.js';
import { DELIMITED } from './delimited.js';
import type { Format } from './format.js';
import { JSON_FORMAT } from './json.js';
import { JSON_SR } from './json-sr.js';
import { KAFKA } from './kafka.js';
import { NONE } from './none.js';
import { PROTOBUF, PROTOBUF_NOSR } from './protobuf.js';

export const FORMATS: ReadonlyMap<string, Format> = new Map(
  [JSON_FORMAT, JSON_SR, AVRO, PROTOBUF, PROTOBUF_NOSR, DELIMITED, KAFKA, NONE].map((format) => [format.name, format]),
);

export function formatNamed(name: string): Format {
  const format = FORMATS.get(name.toUpperCase());
  if (format !== undefined) return format;
  throw new StatementError(`Unknown format: ${name}`);
}
