import { columnsOf } from '../../../ksql/expressions/children.js';
import { formatColumn } from '../../../ksql/metadata/schema.js';
import type { Source } from '../../../ksql/metadata/source.js';
import type { SelectStep } from '../../../ksql/query/physical-plan.js';
import type { QueryPlan } from '../../../ksql/query/plan.js';
import { planQuery } from '../../../ksql/query/plan-query.js';
import { selectRows } from '../../../ksql/query/select-rows.js';
import type { Step } from '../../../ksql/query/step.js';
import type { KeyRange } from '../../../ksql/rows/key-range.js';
import type { Row } from '../../../ksql/rows/row.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { NO_PROPERTIES } from '../../../ksql/statements/properties.js';
import type { Query, StatementOf } from '../../../protocol/ksql/ast.js';
import { messageOf } from '../../../support/errors.js';
import { waitUntil } from '../../../support/retry.js';
import type { Engine } from '../engine.js';
import type { RunningQuery } from '../runtime/persistent-query.js';
import type { Holding } from '../runtime/query-options.js';
import { type ResultRow, toResult } from '../runtime/transient-query.js';
import { type AskedPull, gatherRows } from './gather-rows.js';
import { type HeldRows, type Pull, RESTORED_EVERY_MS, RESTORED_WITHIN_MS } from './held-rows.js';
import { type KeyLookup, keyLookup } from './key-lookup.js';
import type { OpenedQuery, ResultColumn } from './open-query.js';

export type Setting = (name: string) => string | undefined;

const MORE = 'See https://cnfl.io/queries for more info.\nAdd EMIT CHANGES if you intended to issue a push query.';

/** What a pull query may not have, on a table or a stream. */
export function checkPull(query: Query, setting: Setting): void {
  checkEnabled(setting);
  checkClauses(query);
}

export function checkEnabled(setting: Setting): void {
  if (setting('ksql.pull.queries.enable') === 'false') {
    throw new StatementError(
      `Pull queries are disabled. ${MORE}\nPlease set ksql.pull.queries.enable=true to enable this feature.\n`,
    );
  }
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
export function planPull(engine: Engine, statement: StatementOf<'select'>, source: Source, setting: Setting): Pull {
  const { query } = statement;
  const { metastore, parts, preparedPulls } = engine;
  checkColumns(query);
  const maintainer = engine.queries.get(source.query ?? '');
  if (maintainer === undefined) throw notQueryable(source.name);
  const base = { world: parts.world, types: metastore.types };
  const plan = planQuery({
    query,
    use: 'transient',
    sink: 'transient',
    metastore,
    world: parts.world,
    properties: NO_PROPERTIES,
  });
  const step = selectStep(plan);
  const failed = (failure: unknown): void => parts.log.warn(`query pull: ${messageOf(failure)}`);
  const pullOf = (select: Step, lookup: KeyLookup): Pull => ({
    plan,
    source,
    isOneKey: lookup.kind === 'keys' && lookup.ranges?.length === 1,
    local: () => heldRows(maintainer, plan, select, lookup.ranges),
  });
  const lookup = keyLookup(query.where, source, base);
  checkScan(lookup, source, setting);
  const pull = pullOf(selectRows(step, failed).row, lookup);
  if (pull.isOneKey) {
    // The look-up alone says which rows they are: a WHERE that is but a key's equality holds for all of them.
    const select = selectRows({ ...step, where: undefined }, failed).row;
    preparedPulls.keep(statement, (where) => pullOf(select, keyLookup(where, source, base)));
  }
  return pull;
}

/** A pull query reads one table, and neither joins nor groups its rows. */
function selectStep({ physical }: QueryPlan): SelectStep {
  if (physical.kind !== 'select') throw new Error(`a pull query is no ${physical.kind} step`);
  return physical;
}

async function heldRows(
  maintainer: RunningQuery,
  plan: QueryPlan,
  select: Step,
  ranges: readonly KeyRange[] | undefined,
): Promise<HeldRows> {
  const { rows, tasks, of } = maintainer.holding ?? (await restored(maintainer));
  const results: ResultRow[] = [];
  const take = (row: Row): void => {
    if (row.value !== null) results.push(toResult(row, plan));
  };
  for (const row of ranges === undefined ? rows.all() : rows.between(ranges)) {
    if (plan.limit !== undefined && results.length >= plan.limit) break;
    select(row, take);
  }
  return { tasks, of, rows: results };
}

const restored = (maintainer: RunningQuery): Promise<Holding> =>
  waitUntil(`the state of ${maintainer.options.sink.name}`, async () => maintainer.holding, {
    timeoutMs: RESTORED_WITHIN_MS,
    maxPauseMs: RESTORED_EVERY_MS,
  });

/** The whole answer, whichever engines hold the table. */
export async function openPull(engine: Engine, pull: Pull, asked: AskedPull): Promise<OpenedQuery> {
  const { limit } = pull.plan;
  const { peers, world } = engine.parts;
  const all = peers === undefined ? (await pull.local()).rows : await gatherRows(pull, peers, asked);
  const limited = limit !== undefined && all.length >= limit;
  pulls += 1;
  return {
    id: `query_${world.now()}${pulls}`,
    columns: resultColumns(pull.plan, (name) => isKey(pull.source, name)),
    endMessage: () => (limited ? 'Limit Reached' : undefined),
    push: false,
    rows: () => (limited ? all.slice(0, limit) : all),
    async stop() {},
  };
}

let pulls = 0;

/** Reading a whole table, or a range of it, is for the settings to allow. */
function checkScan({ kind, why }: KeyLookup, source: Source, setting: Setting): void {
  const allowed = (name: string): boolean => setting(name) !== 'false';
  const scans =
    allowed('ksql.query.pull.table.scan.enabled') ||
    (kind === 'range' && allowed('ksql.query.pull.range.scan.enabled'));
  if (kind !== 'keys' && !scans) throw scanRefused(why, source);
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
