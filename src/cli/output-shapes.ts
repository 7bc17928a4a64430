import * as z from 'zod';
import { VERDICTS } from '../kinds/events.js';

/** What commands print with `-o json`: one value a line. Documented from here; tests hold every line that they see against it. */

const shape = <Fields extends z.core.$ZodLooseShape>(id: string, description: string, fields: Fields) =>
  z.strictObject(fields).meta({ id, description });
const one = (...words: readonly [string, ...string[]]) => z.enum(words);
const texts = z.array(z.string());
const count = z.number();
/** A whole number as text: a reader would round it. */
const digits = z.string().regex(/^-?\d+$/);

const location = shape('location', 'A place in a file', { file: z.string(), line: count, column: count });
const failure = { code: z.string(), message: z.string(), todo: z.string().optional(), location: location.optional() };

const error = shape('error', 'Why a command ended: the last line of any command, wherever it fails', {
  kind: z.literal('error'),
  ...failure,
});

const result = (id: string, description: string, fields: z.core.$ZodLooseShape = {}) =>
  shape(id, description, { kind: z.literal('result'), exitCode: count, ...fields });

// ── checks and the events of long commands ──────────────────────────────────────────────────────────────────

const verdict = z.enum(VERDICTS);
const checkKind = one('compare', 'rows', 'stages', 'conservation');
const counts = { sourceRows: count, replicaRows: count, missing: count, extra: count, different: count };

const finding = shape('finding', 'One key that differs; null is SQL NULL', {
  kind: one('missing', 'extra', 'different', 'stale', 'duplicated', 'dead-letter'),
  unproven: one('lagging', 'volatile', 'inconclusive').optional(),
  key: z.array(z.string().nullable()),
  columns: z.array(
    z.strictObject({ column: z.string(), source: z.string().nullable(), replica: z.string().nullable() }),
  ),
  rows: z.strictObject({ source: count, replica: count }).optional(),
});

const stage = shape('stage', 'How the fence fared at one stage', {
  kind: z.string(),
  name: z.string(),
  passed: z.boolean(),
  behind: z.string().optional(),
  forMs: count.optional(),
  moving: z.boolean().optional(),
  trouble: z.string().optional(),
});

const checkReport = shape('check', 'All that a check found', {
  ...{ check: z.string(), kind: checkKind, verdict },
  why: z.string().optional(),
  todo: z.string().optional(),
  location: location.optional(),
  part: z.string().optional(),
  keysOnly: z.boolean().optional(),
  summary: z.string().optional(),
  unreachable: z.boolean().optional(),
  ...{ source: z.string(), replica: z.string(), ...counts },
  listed: count.optional(),
  compared: texts,
  skipped: texts,
  fence: z.string().optional(),
  way: z.array(stage),
  findings: z.array(finding),
  elapsedMs: count,
});

const step = { step: z.string() };
const events = [
  shape('operation', 'A long command begins', {
    ...{ kind: z.literal('operation'), operation: z.string(), pipeline: z.string(), target: z.string() },
    steps: texts.optional(),
    checks: texts.optional(),
  }),
  shape('step-started', 'A step begins', { kind: z.literal('step-started'), ...step }),
  shape('step-waiting', 'A step waits', { kind: z.literal('step-waiting'), ...step, waitingFor: z.string() }),
  shape('step-progress', 'How far a step is', {
    ...{ kind: z.literal('step-progress'), ...step, label: z.string(), done: count, total: count },
    perSecond: count.optional(),
    leftMs: count.optional(),
  }),
  shape('step-done', 'A step is done; `wrong`: and something is wrong', {
    ...{ kind: z.literal('step-done'), ...step, detail: z.string(), elapsedMs: count, changed: z.boolean() },
    wrong: z.boolean().optional(),
  }),
  shape('step-failed', 'A step has failed', {
    ...{ kind: z.literal('step-failed'), ...step, failure: z.strictObject(failure), elapsedMs: count },
  }),
  shape('check-row', 'A check in short', {
    kind: z.literal('check'),
    row: z.strictObject({ check: z.string(), kind: checkKind, verdict, ...counts, partly: z.boolean().optional() }),
  }),
  shape('check-report', 'A check with all that it found; with --watch where it changed', {
    kind: z.literal('check-report'),
    at: z.string().optional(),
    before: z.string().optional(),
    report: checkReport,
  }),
  shape('note', 'What one should know', {
    kind: z.literal('note'),
    level: one('info', 'warning'),
    message: z.string(),
  }),
] as const;

const removedAndLeft = { removed: texts, left: texts };
const upResult = result('up-result', 'How it ended', { changed: z.boolean(), elapsedMs: count });

// ── what there is ───────────────────────────────────────────────────────────────────────────────────────────

const health = one('good', 'waiting', 'bad');

const status = shape('status', 'How each part is, and how far data has come', {
  ...{ pipeline: z.string(), target: z.string(), running: z.boolean() },
  upMs: count.optional(),
  memoryBytes: count.optional(),
  cpuPercent: count.optional(),
  components: z.array(
    shape('component', 'A process, a container, a server with an address, or a job', {
      ...{ name: z.string(), health, state: z.string() },
      address: z.string().optional(),
      pid: count.optional(),
      restarts: count.optional(),
      uptimeMs: count.optional(),
      lastError: z.string().optional(),
      memoryBytes: count.optional(),
    }),
  ),
  flows: z.array(
    z.array(
      shape('flow-node', 'A thing that data passes, in the order that it takes', {
        ...{ name: z.string(), detail: z.string(), health },
        via: z.string().optional(),
      }),
    ),
  ),
  notes: texts.optional(),
});

const change = shape('change', 'One difference between what is declared and what is there', {
  summary: z.string(),
  field: z.strictObject({ name: z.string(), before: z.string().optional(), after: z.string().optional() }).optional(),
  implies: z.string().optional(),
  irreversible: z.literal(true).optional(),
  refused: z
    .strictObject({
      ...{ why: z.string(), todo: z.string() },
      location: location.optional(),
      code: z.string().optional(),
    })
    .optional(),
});

const plan = shape('plan', 'What apply would do; `apply` takes it', {
  ...{ kind: z.literal('plan'), version: z.literal(1), pipeline: z.string(), target: z.string() },
  entries: z.array(
    shape('plan-entry', 'One thing that is not as declared', {
      action: one('start', 'create', 'change', 'remove', 'unread'),
      ...{ kind: z.string(), name: z.string(), reason: z.string() },
      location: location.optional(),
      changes: z.array(change),
    }),
  ),
  inSync: count,
  leftToDo: z.array(
    z.strictObject({
      ...{ kind: z.string(), name: z.string(), state: one('done', 'open', 'unknown') },
      ...{ summary: z.string(), command: z.string() },
    }),
  ),
});

const ending = one('failed', 'usage', 'unreachable', 'deadline', 'interrupted', 'defect').optional();

const diagnosis = shape('diagnosis', 'What was looked at, and how it is', {
  ...{ about: z.string(), health: one('good', 'warning', 'bad'), says: z.string() },
  todo: z.string().optional(),
  ending,
});

const topic = shape('topic', 'A topic', {
  ...{ topic: z.string(), declared: z.boolean() },
  partitions: z.array(
    z.strictObject({
      ...{ partition: count, leader: count, replicas: z.array(count), isr: z.array(count) },
      ...{ start: digits, end: digits },
    }),
  ),
  records: digits,
  config: z.record(z.string(), z.string().nullable()),
  groups: texts,
});

const group = shape('group', 'A consumer group', {
  ...{ group: z.string(), state: z.string(), lag: digits },
  members: z.array(z.strictObject({ memberId: z.string(), clientId: z.string(), host: z.string() })),
  partitions: z.array(
    z.strictObject({
      ...{ topic: z.string(), partition: count, committed: digits.nullable(), end: digits, lag: digits },
      reader: z.string().nullable(),
    }),
  ),
});

const reset = shape('group-reset', 'Where offsets are to go; `applied`: they are there', {
  ...{ group: z.string(), applied: z.boolean() },
  plan: z.array(z.strictObject({ topic: z.string(), partition: count, from: digits.nullable(), to: digits })),
});

const subject = shape('subject', 'A subject with its versions', {
  ...{ subject: z.string(), declared: z.boolean(), compatibility: z.string().optional() },
  versions: z.array(
    z.strictObject({
      ...{ version: count, id: count, type: one('AVRO', 'JSON', 'PROTOBUF'), schema: z.string() },
      references: z.array(z.strictObject({ name: z.string(), subject: z.string(), version: count })),
    }),
  ),
});

const state = one('UNASSIGNED', 'RUNNING', 'PAUSED', 'STOPPED', 'FAILED', 'RESTARTING');
const trace = z.string().optional();
const connector = shape('connector', 'A connector; its status is the worker’s own', {
  ...{ name: z.string(), declared: z.boolean() },
  status: z
    .looseObject({
      name: z.string(),
      connector: z.looseObject({ state, trace }),
      tasks: z.array(z.looseObject({ id: count, state, trace })),
    })
    .optional(),
  trouble: z.string().optional(),
});

// ── records and rows ────────────────────────────────────────────────────────────────────────────────────────

const record = shape('record', 'A record; a key or value of null is none', {
  ...{ topic: z.string(), partition: count, offset: digits, timestamp: z.string().nullable() },
  ...{ key: z.unknown(), headers: z.unknown(), value: z.unknown() },
  format: z.string().optional(),
  schema: z.unknown().optional(),
  problem: z.string().optional(),
});

const traced = shape('trace-entry', 'Where a key was, by time', {
  ...{ key: z.string(), timestampMs: count.optional(), timeIs: one('commit', 'column').optional() },
  ...{ place: z.string(), partition: count.optional(), offset: digits.optional() },
  status: z.union([z.string(), z.number()]).optional(),
  readBy: z.array(z.strictObject({ name: z.string(), done: z.boolean() })),
  value: z.unknown(),
});

const deadLetterTopic = shape('dead-letter-topic', 'A topic of dead letters', {
  ...{ topic: z.string(), of: texts, records: digits.optional(), waiting: digits.optional() },
});

const deadLetter = shape('dead-letter', 'A dead letter, and why it is one', {
  ...{ partition: count, offset: digits, timestampMs: count, key: z.unknown(), value: z.unknown() },
  origin: z.strictObject({ topic: z.string(), partition: count.optional(), offset: digits.optional() }).optional(),
  by: z.string().optional(),
  stage: z.string().optional(),
  exception: z.string().optional(),
  message: z.string().optional(),
});

const replay = shape('dead-letter-replay', 'What is sent again, and who reads it; `applied`: it was sent', {
  ...{ topic: z.string(), applied: z.boolean(), sent: count },
  plan: z.array(z.strictObject({ to: z.string(), records: count, readBy: texts })),
});

const logLine = shape('log-line', 'A line of a log; `fields`: of one that is JSON', {
  ...{ process: z.string(), text: z.string() },
  at: z.string().optional(),
  level: z.string().optional(),
  fields: z.unknown().optional(),
});

const edge = shape('edge', 'A way of data from one place to another', {
  from: z.string().nullable().optional(),
  to: z.string().nullable().optional(),
  stage: z.looseObject({ kind: z.string(), name: z.string() }),
  exchange: z.string().optional(),
});

const row = z.record(z.string(), z.unknown()).meta({ id: 'row', description: 'A row: column to value' });
const variables = z.record(z.string(), z.string()).meta({ id: 'variables', description: 'Variable to value' });

const smoke = shape('smoke', 'How a smoke test went', {
  ...{ kind: z.literal('smoke'), of: one('declared', 'built-in', 'check'), name: z.string() },
  verdict: one('passed', 'failed', 'inconclusive'),
  ending,
  detail: z.string(),
  todo: z.string().optional(),
  location: location.optional(),
  elapsedMs: count,
});

const test = shape('ksql-test', 'How a case went', {
  ...{ kind: z.literal('test'), name: z.string(), outcome: one('passed', 'failure', 'error') },
  ...{ message: z.string(), detail: z.string(), location, elapsedMs: count },
});

const started = result('start-stop', 'How it ended', {
  ...{ process: z.string(), state: z.string(), port: count.optional(), changed: z.boolean() },
});

const plainResult = result('ended', 'How it ended');

/** Those that mirror a type of the code: a test holds the two together. */
export const MIRRORS = {
  ...{
    change,
    checkReport,
    connector,
    deadLetterTopic,
    diagnosis,
    edge,
    group,
    plan,
    status,
    subject,
    test,
    topic,
    traced,
  },
} as const;

/** By command: what a line may be. Each of them may end with an error instead. */
const LINES: Readonly<Record<string, readonly z.ZodType[]>> = {
  init: [
    result('init-result', 'How it ended', { folder: z.string(), template: z.string() }),
    shape('template', 'With --list: a template', { name: z.string(), summary: z.string() }),
  ],
  up: [...events, upResult],
  plan: [plan],
  apply: [
    ...events,
    result('apply-result', 'How it ended', { changed: z.boolean(), removed: texts.optional(), left: texts.optional() }),
  ],
  reset: [result('reset-result', 'How it ended', removedAndLeft)],
  'init-services': [...events, upResult],
  'init-ksqldb': [...events, upResult],
  seed: [...events, upResult],
  'verify-consistency': [...events, plainResult],
  smoke: [...events, smoke, result('smoke-result', 'How it ended', { elapsedMs: count })],
  report: [result('report-result', 'How it ended', { file: z.string() })],
  tail: [record],
  produce: [shape('produced', 'What was written', { topic: z.string(), records: count, subjects: texts })],
  trace: [traced],
  topics: [topic],
  groups: [group, reset],
  schemas: [subject],
  'dead-letters': [deadLetterTopic, deadLetter, replay],
  status: [status],
  logs: [logLine],
  env: [variables],
  psql: [row],
  ksql: [row],
  'test-ksql': [test],
  kafka: [
    shape('kafka-ready', 'It serves', {
      ...{ kind: z.literal('ready'), bootstrapServers: z.string(), listeners: variables, dataDir: z.string() },
    }),
  ],
  connectors: [connector],
  start: [started],
  stop: [started],
  restart: [started],
  validate: [result('validate-result', 'How it ended', { pipeline: z.string() })],
  graph: [edge],
  import: [
    result('import-result', 'How it ended', {
      ...{ folder: z.string(), counts: z.record(z.string(), count), notes: texts },
    }),
  ],
  doctor: [diagnosis, plainResult],
  down: [result('down-result', 'How it ended', { volumes: z.boolean(), stopped: count.optional(), ...removedAndLeft })],
};

export const COMMANDS_WITH_JSON: readonly string[] = Object.keys(LINES);

/** Of one line of a command's output; undefined: the command prints none. */
export function outputShape(command: string): z.ZodType | undefined {
  const lines = LINES[command];
  return lines === undefined ? undefined : z.union([...lines, error]);
}

/** JSON Schema of all: a property for each command, which says what a line of it may be. */
export function outputSchema(): Readonly<Record<string, unknown>> {
  const all = z.strictObject(
    Object.fromEntries(COMMANDS_WITH_JSON.map((name) => [name, outputShape(name) ?? z.never()])),
  );
  return z.toJSONSchema(all.meta({ description: 'For each command, what a line of its output with -o json is' }), {
    unrepresentable: 'any',
  });
}
