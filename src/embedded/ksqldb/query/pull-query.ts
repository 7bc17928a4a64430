import { formatColumn } from '../../../ksql/metadata/schema.js';
import type { Source } from '../../../ksql/metadata/source.js';
import { columnsOf } from '../../../ksql/query/join-rules.js';
import type { QueryPlan } from '../../../ksql/query/plan.js';
import { planQuery } from '../../../ksql/query/plan-query.js';
import type { TableRows } from '../../../ksql/query/table-results.js';
import type { Row } from '../../../ksql/rows/row.js';
import { Store } from '../../../ksql/rows/store.js';
import { StatementError } from '../../../ksql/statement-error.js';
import type { Query, StatementOf } from '../../../protocol/ksql/ast.js';
import { waitUntil } from '../../../support/retry.js';
import type { Engine } from '../engine.js';
import { PlanRun } from '../runtime/plan-run.js';
import { type ResultRow, toResult } from '../runtime/transient-query.js';
import { gatherRows } from './gather-rows.js';
import { type Pull, RESTORED_EVERY_MS, RESTORED_WITHIN_MS } from './held-rows.js';
import { keyLookup } from './key-lookup.js';
import type { OpenedQuery, ResultColumn } from './open-query.js';

export type Setting = (name: string) => string | undefined;

const MORE = 'See https://cnfl.io/queries for more info.\nAdd EMIT CHANGES if you intended to issue a push query.';

/** What a pull query may not have, on a table or a stream. */
export function checkPull(query: Query, setting: Setting): void {
  if (setting('ksql.pull.queries.enable') === 'false') {
    throw new StatementError(
      `Pull queries are disabled. ${MORE}\nPlease set ksql.pull.queries.enable=true to enable this feature.\n`,
    );
  }
  checkClauses(query);
}

function checkClauses({ joins, window, groupBy, partitionBy, having }: Query): void {
  const clause =
    (joins.length > 0 && 'JOIN') ||
    (window !== undefined && 'WINDOW') ||
    (groupBy.length > 0 && 'GROUP BY') ||
    (partitionBy.length > 0 && 'PARTITION BY') ||
    (having !== undefined && 'HAVING');
  if (clause) throw new StatementError(`Pull queries don't support ${clause} clauses. ${MORE}`);
}

/** Where a row came from is nothing that a table's state knows. */
function checkColumns({ select, where }: Query): void {
  const selected = select.flatMap((item) => (item.kind === 'expression' ? [item.expression] : []));
  for (const [clause, expressions] of [
    ['SELECT', selected],
    ['WHERE', where === undefined ? [] : [where]],
  ] as const) {
    const names = new Set(expressions.flatMap(columnsOf).map(({ name }) => name));
    const refused = ['ROWPARTITION', 'ROWOFFSET'].filter((name) => names.has(name));
    if (refused.length === 0) continue;
    throw new StatementError(
      `Pull queries don't support the following columns in ${clause} clauses: ${refused.map((name) => `\`${name}\``).join(', ')}\n${MORE}`,
    );
  }
}

/** A pull query on a table: WHERE and projection over the rows that the table's query holds, looked up by key where it can. */
export function planPull(engine: Engine, { query }: StatementOf<'select'>, source: Source, setting: Setting): Pull {
  const { metastore, parts } = engine;
  checkColumns(query);
  const maintainer = engine.queries.get(source.query ?? '');
  if (maintainer === undefined) throw notQueryable(source.name);
  const plan = planQuery({ query, use: 'transient', sink: 'transient', metastore, world: parts.world });
  const { rowsOf, isOneKey } = chooseRows(query, source, setting, engine);
  return {
    plan,
    source,
    isOneKey,
    async local() {
      const step = await stepOf(plan, engine);
      const { rows, tasks, of } = await waitUntil(`the state of ${source.name}`, async () => maintainer.holding, {
        timeoutMs: RESTORED_WITHIN_MS,
        maxPauseMs: RESTORED_EVERY_MS,
      });
      const results: ResultRow[] = [];
      for (const row of rowsOf(rows)) {
        if (plan.limit !== undefined && results.length >= plan.limit) break;
        step(row, (each) => {
          if (each.value !== null) results.push(toResult(each, plan));
        });
      }
      return { tasks, of, rows: results };
    },
  };
}

/** The whole answer, whichever engines hold the table. */
export async function openPull(
  engine: Engine,
  statement: StatementOf<'select'>,
  source: Source,
  properties: ReadonlyMap<string, string>,
  setting: Setting,
): Promise<OpenedQuery> {
  const pull = planPull(engine, statement, source, setting);
  const { limit } = pull.plan;
  const { peers, world } = engine.parts;
  const all =
    peers === undefined
      ? (await pull.local()).rows
      : await gatherRows(pull, peers, { sql: statement.text, properties: Object.fromEntries(properties) });
  const limited = limit !== undefined && all.length >= limit;
  pulls += 1;
  return {
    id: `query_${world.now()}${pulls}`,
    columns: resultColumns(pull.plan, (name) => isKey(source, name)),
    endMessage: () => (limited ? 'Limit Reached' : undefined),
    push: false,
    async *rows() {
      yield* limited ? all.slice(0, limit) : all;
    },
    async stop() {},
  };
}

let pulls = 0;

async function stepOf(plan: QueryPlan, { parts }: Engine): Promise<(row: Row, emit: (row: Row) => void) => void> {
  const stores = new Map(plan.stores.map((spec) => [spec.name, new Store(spec)]));
  const run = await PlanRun.create({
    id: 'pull',
    plan,
    registry: parts.registry,
    log: parts.log,
    stores,
    partitions: 1,
  });
  const step = run.built.inputs[0]?.step;
  if (step === undefined) throw new Error('a plan has a step for its input');
  return step;
}

/** By index where WHERE names the keys; otherwise by reading the table, where the settings allow it. */
function chooseRows({ where }: Query, source: Source, setting: Setting, { metastore, parts }: Engine) {
  const { kind, why, ranges } = keyLookup(where, source, { world: parts.world, types: metastore.types });
  const allowed = (name: string): boolean => setting(name) !== 'false';
  const scans =
    allowed('ksql.query.pull.table.scan.enabled') ||
    (kind === 'range' && allowed('ksql.query.pull.range.scan.enabled'));
  if (kind !== 'keys' && !scans) throw scanRefused(why, source);
  return {
    rowsOf: (table: TableRows): Iterable<Row> => (ranges === undefined ? table.all() : table.between(ranges)),
    isOneKey: kind === 'keys' && ranges?.length === 1,
  };
}

function scanRefused(why: string, { schema }: Source): StatementError {
  const expected =
    schema.key.length > 1 ? ` Expected: [${schema.key.map((key) => `${formatColumn(key)} KEY`).join(', ')}].` : '';
  return new StatementError(
    [
      `${why}${expected} ${MORE}`,
      'Pull queries require a WHERE clause that:',
      ' - includes a key equality expression, e.g. `SELECT * FROM X WHERE <key-column> = Y;`.',
      ' - in the case of a multi-column key, is a conjunction of equality expressions that cover all key columns.',
      ' - to support range expressions, e.g.,  SELECT * FROM X WHERE <key-column> < Y;`, range scans need to be enabled by setting ksql.query.pull.range.scan.enabled=true',
      'If more flexible queries are needed, table scans can be enabled by setting ksql.query.pull.table.scan.enabled=true.',
    ].join('\n'),
  );
}

const isKey = ({ schema, window }: Source, name: string): boolean =>
  schema.key.some((key) => key.name === name) || (window !== undefined && /^WINDOW(START|END)$/.test(name));

export const resultColumns = (plan: QueryPlan, isKeyColumn: (name: string) => boolean): ResultColumn[] =>
  plan.order.map(({ name, from, at }) => {
    const type = plan.output[from][at]?.type ?? { kind: 'STRING' };
    return { name, type, key: isKeyColumn(name) };
  });

const notQueryable = (name: string): StatementError =>
  new StatementError(
    `The \`${name}\` table isn't queryable. To derive a queryable table, you can do 'CREATE TABLE QUERYABLE_${name} AS SELECT * FROM ${name}'. ${MORE}`,
  );
