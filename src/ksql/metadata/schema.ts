import type { SqlType } from '../../protocol/ksql/types.js';
import { formatType, quoteName } from '../../protocol/ksql/types.js';

export interface Column {
  readonly name: string;
  readonly type: SqlType;
}

/** A column filled from record headers: all of them, or the last one of a name. */
export interface HeaderColumn extends Column {
  readonly header: string | undefined;
}

/** Columns of a stream or table as they lie in a record: in its key and in its value. */
export interface RowSchema {
  readonly key: readonly Column[];
  readonly value: readonly Column[];
  readonly headers: readonly HeaderColumn[];
}

/** `ID` STRING KEY, `X` BIGINT: as ksqlDB prints a schema in headers and errors. */
export function formatSchema(schema: RowSchema, keyWord: 'KEY' | 'PRIMARY KEY' = 'KEY'): string {
  return [
    ...schema.key.map((column) => `${formatColumn(column)} ${keyWord}`),
    ...[...schema.value, ...schema.headers].map(formatColumn),
  ].join(', ');
}

/** The columns of a key or a value: `[`A` STRING KEY, `B` INTEGER KEY]`. */
export const formatColumns = (columns: readonly Column[], role: 'key' | 'value'): string =>
  `[${columns.map((column) => `${formatColumn(column)}${role === 'key' ? ' KEY' : ''}`).join(', ')}]`;

export const formatColumn = (column: Column): string => `${quoteName(column.name)} ${formatType(column.type)}`;
