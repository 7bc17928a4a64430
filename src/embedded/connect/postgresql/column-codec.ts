import type {
  BINARY_MODES,
  DECIMAL_MODES,
  HSTORE_MODES,
  INTERVAL_MODES,
  TIME_MODES,
} from '../../../protocol/connect/postgresql-options.js';
import { Schema, type SchemaOptions, type Value } from '../data/schema.js';

/** How a connector wants values to look; the options of the same names. */
export interface TypeOptions {
  readonly decimals: (typeof DECIMAL_MODES)[number];
  readonly times: (typeof TIME_MODES)[number];
  readonly binary: (typeof BINARY_MODES)[number];
  readonly hstore: (typeof HSTORE_MODES)[number];
  readonly intervals: (typeof INTERVAL_MODES)[number];
  readonly moneyFractionDigits: number;
  readonly includeUnknown: boolean;
  readonly unavailablePlaceholder: string;
}

/** How one column's text becomes a Connect value. The schema is that of a NOT NULL column without a default. */
export interface ColumnCodec {
  readonly schema: Schema;
  /** Never called with null. A null answer stands for what has no value in this type (a NaN decimal). */
  decode(text: string): Value;
  /** What stands for a TOASTed value that was not sent. */
  readonly placeholder: Value;
  /** What stands for a required value in an old row that was sent without it. */
  readonly fallback: Value;
}

export type Decode = (text: string) => Value;

/** A type modifier that says nothing. */
export const NO_MODIFIER = -1;

export const plain = (type: Schema['type'], options: SchemaOptions = {}): Schema => new Schema(type, options);
export const semantic = (type: Schema['type'], name: string, options: SchemaOptions = {}): Schema =>
  new Schema(type, { name, version: 1, ...options });
