import { expect } from 'vitest';

/** A request to the REST API, its status and what its answer has. */
export type Check = readonly [
  what: string,
  path: string,
  body: unknown,
  status: number,
  answer: unknown,
  headers?: Record<string, string>,
];

export const any = expect.anything();
export const str = expect.any(String);
export const has = (text: string) => expect.stringContaining(text);

const asked =
  (path: string, field: 'ksql' | 'sql') =>
  (text: string, answer: unknown, status = 200, more: object = {}): Check => [
    text,
    path,
    { [field]: text, ...more },
    status,
    answer,
  ];

export const K = (ksql: string, status: number, answer: unknown, more: object = {}): Check =>
  asked('/ksql', 'ksql')(ksql, answer, status, more);
export const Q = asked('/query', 'ksql');
export const QS = asked('/query-stream', 'sql');

export const header = (schema: string) => ({ header: { queryId: str, schema } });
export const row = (...columns: unknown[]) => ({ row: { columns } });
export const head = (columnNames: string[], columnTypes: string[]) => ({ queryId: any, columnNames, columnTypes });
export const end = (finalMessage: unknown) => ({ finalMessage });
