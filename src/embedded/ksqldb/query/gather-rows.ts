import { jsonReader } from '../../../ksql/formats/json-reader.js';
import { jsonWriter } from '../../../ksql/formats/json-writer.js';
import type { QueryPlan } from '../../../ksql/query/plan.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { parseJson } from '../../../protocol/json/parse.js';
import type { SqlType } from '../../../protocol/ksql/types.js';
import { isPlainObject } from '../../../support/plain-object.js';
import { pause } from '../../../support/retry.js';
import type { PeerAnswer, Peers } from '../peers.js';
import type { ResultRow } from '../runtime/transient-query.js';
import { type HeldRows, type Pull, RESTORED_WITHIN_MS } from './held-rows.js';

export const HELD_ROWS_PATH = '/held-rows';

/** A pull query as it was asked; so engines hand it on to each other. */
export interface AskedPull {
  readonly sql: string;
  readonly properties: ReadonlyMap<string, string>;
}

/** Engines may be taking tasks over from each other. */
const AGAIN_AFTER_MS = 50;

/** The rows of all tasks: one engine's, where it holds the only key that is asked for; else those of all engines. */
export async function gatherRows(
  pull: Pull,
  peers: Peers,
  { sql, properties }: AskedPull,
): Promise<readonly ResultRow[]> {
  const untilMs = performance.now() + RESTORED_WITHIN_MS;
  for (;;) {
    const local = await pull.local();
    const isAll = local.tasks.length === local.of || (pull.isOneKey && local.rows.length > 0);
    if (isAll) return local.rows;
    const answers = (await peers.askAll(HELD_ROWS_PATH, { sql, properties: Object.fromEntries(properties) })).map(
      (answer) => heldBy(answer, pull.plan),
    );
    const all = [local, ...answers.flatMap((answer) => ('held' in answer ? [answer.held] : []))];
    const tasks = all.flatMap((each) => each.tasks);
    const isComplete = tasks.length === local.of && new Set(tasks).size === local.of;
    if (isComplete || (pull.isOneKey && all.some(({ rows }) => rows.length > 0)))
      return all.flatMap(({ rows }) => rows);
    if (answers.some((answer) => 'why' in answer) || performance.now() > untilMs) throw away(local, tasks, answers);
    await pause(AGAIN_AFTER_MS);
  }
}

/** As ksqlDB says it where the host of a partition does not answer. */
function away({ of }: HeldRows, found: readonly number[], answers: readonly HeldAnswer[]): StatementError {
  const missing = Array.from({ length: of }, (_, task) => task).filter((task) => !found.includes(task));
  const hosts = answers.flatMap((answer) =>
    'why' in answer ? [`Host ${answer.member.address} was not alive: ${answer.why}`] : [],
  );
  const partitions = missing.map(
    (task) => `Partition ${task} failed to find valid host. Hosts scanned: [${hosts.join(', ')}]`,
  );
  return new StatementError(`Unable to execute pull query. ${partitions.join(', ')}`, 50000);
}

/** What this engine tells another one. Rows are text, each JSON by the types of its columns: numbers stay exact. */
export async function tellHeld(pull: Pull): Promise<Record<string, unknown>> {
  const { tasks, of, rows } = await pull.local();
  const write = jsonWriter(rowType(pull.plan));
  return { tasks, of, rows: rows.map(({ values }) => write(values)) };
}

interface Told {
  readonly tasks: readonly number[];
  readonly of: number;
  readonly rows: readonly string[];
}

type HeldAnswer = { readonly held: HeldRows } | Extract<PeerAnswer, { readonly why: string }>;

/** What listens at an engine's address by now may be another program. */
function heldBy(answer: PeerAnswer, plan: QueryPlan): HeldAnswer {
  if ('why' in answer) return answer;
  const { member, body } = answer;
  return isTold(body)
    ? { held: readHeld(body, plan) }
    : { member, why: `${member.address} does not answer as an engine` };
}

const isTold = (body: unknown): body is Told =>
  isPlainObject(body) && typeof body.of === 'number' && isListOf('number', body.tasks) && isListOf('string', body.rows);

const isListOf = (type: 'number' | 'string', list: unknown): boolean =>
  Array.isArray(list) && list.every((one) => typeof one === type);

function readHeld({ tasks, of, rows }: Told, plan: QueryPlan): HeldRows {
  const read = jsonReader(rowType(plan));
  return {
    tasks,
    of,
    rows: rows.map((text) => ({ values: read(parseJson(text)) as ResultRow['values'], tombstone: false })),
  };
}

const rowType = ({ order, output }: QueryPlan): SqlType => ({
  kind: 'STRUCT',
  fields: order.map(({ from, at }, place) => ({
    name: `C${place}`,
    type: output[from][at]?.type ?? { kind: 'STRING' },
  })),
});
