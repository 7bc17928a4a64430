import { RESERVED } from './reserved.js';

/** SQL types of ksqlDB as plain values. A custom type is `named` until the engine resolves it. */
export type SqlType =
  | {
      readonly kind: 'BOOLEAN' | 'INTEGER' | 'BIGINT' | 'DOUBLE' | 'STRING' | 'BYTES' | 'DATE' | 'TIME' | 'TIMESTAMP';
    }
  | { readonly kind: 'DECIMAL'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'ARRAY'; readonly element: SqlType }
  | { readonly kind: 'MAP'; readonly key: SqlType; readonly value: SqlType }
  | { readonly kind: 'STRUCT'; readonly fields: readonly StructField[] }
  | { readonly kind: 'NAMED'; readonly name: string };

export interface StructField {
  readonly name: string;
  readonly type: SqlType;
}

export const SIMPLE_TYPES: Readonly<Record<string, SqlType>> = {
  BOOLEAN: { kind: 'BOOLEAN' },
  INT: { kind: 'INTEGER' },
  INTEGER: { kind: 'INTEGER' },
  BIGINT: { kind: 'BIGINT' },
  DOUBLE: { kind: 'DOUBLE' },
  STRING: { kind: 'STRING' },
  VARCHAR: { kind: 'STRING' },
  BYTES: { kind: 'BYTES' },
  DATE: { kind: 'DATE' },
  TIME: { kind: 'TIME' },
  TIMESTAMP: { kind: 'TIMESTAMP' },
};

const PLAIN_NAME = /^[A-Z_][A-Z0-9_@]*$/;

/** A name as it has to be written to come back as it is: backticked, as ksqlDB prints names in schemas. */
export const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

/** A text as a literal. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A name as a person would write it, to be read as this very name: bare where upper case and plain. */
export const writeName = (name: string): string =>
  PLAIN_NAME.test(name) && !RESERVED.has(name) ? name : quoteName(name);

/** The type as ksqlDB prints it in schemas: `STRUCT<`A` INTEGER>`, STRING rather than VARCHAR. */
export function formatType(type: SqlType): string {
  switch (type.kind) {
    case 'DECIMAL':
      return `DECIMAL(${type.precision}, ${type.scale})`;
    case 'ARRAY':
      return `ARRAY<${formatType(type.element)}>`;
    case 'MAP':
      return `MAP<${formatType(type.key)}, ${formatType(type.value)}>`;
    case 'STRUCT':
      return `STRUCT<${type.fields.map((field) => `${quoteName(field.name)} ${formatType(field.type)}`).join(', ')}>`;
    case 'NAMED':
      return quoteName(type.name);
    default:
      return type.kind;
  }
}

export function sameType(left: SqlType, right: SqlType): boolean {
  return formatType(left) === formatType(right);
}
