import { StatementError } from '../statement-error.js';
import { AVRO } from './avro.js';
import { DELIMITED } from './delimited.js';
import type { Format } from './format.js';
import { JSON_FORMAT } from './json.js';
import { KAFKA } from './kafka.js';
import { NONE } from './none.js';

export const FORMATS: ReadonlyMap<string, Format> = new Map(
  [JSON_FORMAT, AVRO, DELIMITED, KAFKA, NONE].map((format) => [format.name, format]),
);

export function formatNamed(name: string): Format {
  const format = FORMATS.get(name.toUpperCase());
  if (format !== undefined) return format;
  if (['PROTOBUF', 'PROTOBUF_NOSR', 'JSON_SR'].includes(name.toUpperCase())) {
    throw new StatementError(`The '${name.toUpperCase()}' format is not supported by this engine yet`);
  }
  throw new StatementError(`Unknown format: ${name}`);
}
