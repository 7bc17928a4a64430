import { OfflineEngine } from '../embedded/ksqldb/offline/offline-engine.js';
import { OfflineRecords } from '../embedded/ksqldb/offline/offline-records.js';
import { refusalOf } from '../embedded/ksqldb/offline/refusal.js';
import type { KsqlSource, KsqlTest, TestRecord } from '../pipeline/ksql-test-file.js';
import { stringifyJson } from '../protocol/json/stringify.js';
import { parseStatements, splitStatements } from '../protocol/ksql/parse.js';
import { withText } from '../protocol/ksql/with-values.js';
import { messageOf, type SourceLocation } from '../support/errors.js';
import { silentLog } from '../support/log.js';
import { diffLines, diffText } from './ksql-test-diff.js';

export interface KsqlTestResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failure' | 'error';
  readonly message: string;
  /** The differences, line by line. */
  readonly detail: string;
  readonly location: SourceLocation;
  readonly elapsedMs: number;
}

/** Time stands still in a test: what the records say is all there is. */
const CLOCK_MS = 0;

/** Runs a case in this process: no server, no broker, no time that passes. */
export async function runKsqlTest(test: KsqlTest): Promise<KsqlTestResult> {
  const startedMs = performance.now();
  const start: SourceLocation = { file: test.file, line: 1, column: 1 };
  const ended = (outcome: KsqlTestResult['outcome'], message: string, detail = '', location = start) => ({
    name: test.name,
    outcome,
    message,
    detail,
    location,
    elapsedMs: performance.now() - startedMs,
  });
  const engine = new OfflineEngine({ log: silentLog, clock: () => CLOCK_MS });
  const refusal = await prepare(engine, test);
  if (refusal !== undefined) {
    if (test.refused !== undefined && refusal.message.includes(test.refused)) return ended('passed', '');
    return ended('error', refusal.message, refusal.statement, refusal.location);
  }
  if (test.refused !== undefined)
    return ended('failure', `every statement was accepted, but this was expected to be refused: ${test.refused}`);
  try {
    const records = new OfflineRecords(engine);
    for (const input of test.inputs) await records.produce(input.topic, input);
    const differences = [...(await compareTopics(test, engine, records)), ...(await compareQueries(test, engine))];
    if (differences.length === 0) return ended('passed', '');
    return ended(
      'failure',
      `differs in ${differences.map(({ of }) => of).join(', ')}`,
      differences.map(show).join('\n'),
    );
  } catch (failure) {
    return ended('error', messageOf(failure));
  }
}

interface Refusal {
  readonly message: string;
  readonly statement: string;
  readonly location: SourceLocation;
}

/** Topics, subjects and statements; the first statement that is refused, with its place in the user's file. */
async function prepare(engine: OfflineEngine, test: KsqlTest): Promise<Refusal | undefined> {
  for (const [name, partitions] of Object.entries(test.topics)) await engine.kafka.createTopic({ name, partitions });
  for (const { subject, file, schema } of test.subjects) {
    await engine.registry.register(subject, schema, file.endsWith('.json') ? 'JSON' : 'AVRO');
  }
  for (const source of test.statements) {
    const refusal = await executeAll(engine, source);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

async function executeAll(engine: OfflineEngine, { file, text }: KsqlSource): Promise<Refusal | undefined> {
  let statement = '';
  let location: SourceLocation = { file, line: 1, column: 1 };
  try {
    for (const one of splitStatements(text)) {
      statement = one.text;
      location = { file, line: one.line, column: one.column };
      await ensureTopic(engine, statement);
      await engine.execute(`${statement};`, { 'auto.offset.reset': 'earliest' });
    }
    return undefined;
  } catch (failure) {
    const { at, message } = refusalOf(failure);
    const line = location.line + at.line - 1;
    const column = at.line === 1 ? location.column + at.column - 1 : at.column;
    return { message, statement, location: { file, line, column } };
  }
}

/** The topic of a source that the pipeline declares elsewhere: one partition, if the test says nothing else. */
async function ensureTopic(engine: OfflineEngine, text: string): Promise<void> {
  const [statement] = parseStatements(text);
  if (statement?.kind !== 'create-source') return;
  const name = withText(statement.with, 'KAFKA_TOPIC');
  if (name === undefined || withText(statement.with, 'PARTITIONS') !== undefined) return;
  if ((await engine.kafka.describeTopic(name)) === undefined) await engine.kafka.createTopic({ name, partitions: 1 });
}

interface Difference {
  readonly of: string;
  readonly wanted: readonly string[];
  readonly found: readonly string[];
}

const show = ({ of, wanted, found }: Difference): string => `${of}\n${diffText(diffLines(wanted, found))}`;

const differs = ({ wanted, found }: Difference): boolean =>
  wanted.length !== found.length || wanted.some((line, at) => line !== found[at]);

/** Each topic that the test names has exactly the records that it lists, in order. */
async function compareTopics(test: KsqlTest, engine: OfflineEngine, records: OfflineRecords): Promise<Difference[]> {
  const all: Difference[] = [];
  for (const topic of new Set(test.outputs.map((each) => each.topic))) {
    const expected = test.outputs.filter((each) => each.topic === topic);
    const found: string[] = [];
    for (const [at, record] of engine.kafka.records(topic).entries()) {
      const like = expected[at];
      found.push(lineOf(await records.read(record, rawText(like)), like?.timestampMs !== undefined));
    }
    const wanted = expected.map((each) => lineOf(records.normalised(topic, each), each.timestampMs !== undefined));
    all.push({ of: topic, wanted, found });
  }
  return all.filter(differs);
}

/** What the test writes as text is compared as text. */
const rawText = (record: TestRecord | undefined): boolean => typeof record?.value === 'string';

function lineOf(
  {
    key,
    value,
    timestampMs,
    window,
  }: { key: string; value: string; timestampMs?: number | undefined; window?: TestRecord['window'] },
  timed: boolean,
): string {
  const bounds = window === undefined ? '' : ` [${window.startMs}, ${window.endMs}]`;
  return `${key}${bounds}  ${value}${timed ? `  @ ${timestampMs}` : ''}`;
}

async function compareQueries(test: KsqlTest, engine: OfflineEngine): Promise<Difference[]> {
  const all: Difference[] = [];
  for (const { sql, rows } of test.queries) {
    const found = await engine.query(sql);
    all.push({ of: sql.trim(), wanted: rows.map(stringifyJson), found });
  }
  return all.filter(differs);
}
