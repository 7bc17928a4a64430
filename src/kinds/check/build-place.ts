import { resolve } from 'node:path';
import type { BuildContext } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { problem } from '../../pipeline/problem.js';
import { sharedSource } from '../ksqldb/namespace.js';
import type { PlaceSection, SinglePlaceSection } from './section.js';
import type { CheckSpec, PlaceSpec } from './spec.js';

type FieldValues = Extract<SinglePlaceSection, { readonly kind: 'topic' }>['where'];

/** One source, or a list of those that together are the replica. */
export function buildSource(
  spec: NonNullable<CheckSpec['source']>,
  at: Located,
  context: BuildContext,
): PlaceSection | undefined {
  if (!Array.isArray(spec)) return buildPlace(spec, 'the source', at, ['source'], context);
  const parts = spec.map((one, index) =>
    buildPlace(one, `source ${index + 1}`, at, ['source', String(index)], context),
  );
  if (!parts.every((part) => part !== undefined)) return undefined;
  const [only, another] = parts;
  return only !== undefined && another === undefined ? only : { kind: 'union', parts };
}

/** A table, a query, documents, a topic, what ksqlDB makes, or a file: one of them, and not half of it. */
export function buildPlace(
  spec: Omit<PlaceSpec, 'with'> & Pick<Partial<PlaceSpec>, 'with'>,
  side: string,
  at: Located,
  path: readonly string[],
  { problems, shared, folder }: BuildContext,
): SinglePlaceSection | undefined {
  const refuse = (message: string, ...more: string[]): undefined => {
    problems.push(problem('check-place', at.locationOf(...path, ...more), `check ${at.name}: ${side} ${message}`));
    return undefined;
  };
  const { database, table, query, tables, store, collection, topic, ksqldb, file, where, deleted } = spec;
  const constants = new Map(Object.entries(spec.with ?? {}));
  const forms = [
    database !== undefined || table !== undefined || query !== undefined,
    store !== undefined || collection !== undefined,
    ...[topic, ksqldb, file].map((one) => one !== undefined),
  ];
  const count = forms.filter((is) => is).length;
  if (count !== 1) {
    const found = count === 0 ? 'has none' : 'has several; give one';
    return refuse(
      `needs database and table (or query), or store and collection, or topic, or ksqldb, or file; it ${found}`,
    );
  }
  if (tables !== undefined && query === undefined)
    return refuse('has tables without a query; one table is table', 'tables');
  if (database !== undefined || table !== undefined || query !== undefined) {
    if (database === undefined) return refuse('needs a database too');
    if ((table === undefined) === (query === undefined)) return refuse('needs either table or query beside database');
    if (isValues(where)) return refuse('has columns, so its where must be SQL', 'where');
    if (isValues(deleted)) return refuse('has columns, so its deleted must be SQL', 'deleted');
    const rows = { database, constants, where, deleted };
    if (query !== undefined)
      return { kind: 'query', query: query.trim().replace(/;$/, ''), tables: tables ?? [], ...rows };
    return { kind: 'table', table: table ?? '', ...rows };
  }
  if (isText(where)) return refuse('has fields, so its where must be { field: value }', 'where');
  if (isText(deleted)) return refuse('has fields, so its deleted must be { field: value }', 'deleted');
  const fields = { where: where ?? {}, deleted, constants };
  if (topic !== undefined) return { kind: 'topic', topic: shared(topic), ...fields };
  if (ksqldb !== undefined) return { kind: 'ksqldb', name: sharedSource(shared, ksqldb), ...fields };
  if (file !== undefined) {
    const format = /\.csv$/i.test(file) ? 'csv' : /\.(jsonl|ndjson)$/i.test(file) ? 'jsonl' : undefined;
    if (format === undefined) return refuse(`is file ${file}, whose name must end in .csv or .jsonl`, 'file');
    return { kind: 'file', file: resolve(folder, file), written: file, format, ...fields };
  }
  if (store === undefined || collection === undefined) return refuse('needs store and collection');
  return { kind: 'documents', store, collection, ...fields };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isValues = (value: string | FieldValues | undefined): value is FieldValues => typeof value === 'object';
