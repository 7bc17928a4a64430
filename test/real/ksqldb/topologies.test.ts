import { spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OfflineEngine } from '../../../src/embedded/ksqldb/offline/offline-engine.js';
import { readWindow } from '../../../src/embedded/ksqldb/runtime/record-codec.js';
import { silentLog } from '../../../src/support/log.js';
import { seeded } from '../../support/seeded.js';
import { compileJava } from '../kafka/java.js';

const SEEDS = Array.from({ length: 12 }, (_, at) => at + 1);
const RECORDS = 80;

interface TestRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestampMs: number;
}

type Result = Omit<TestRecord, 'topic'>;

interface Program {
  readonly name: string;
  readonly left: 'STREAM' | 'TABLE';
  readonly right?: 'STREAM' | 'TABLE';
  readonly third?: 'STREAM' | 'TABLE';
  /** What comes after the sources; the results are those of O. */
  readonly sql: string;
  /** Values of `l` are a few that repeat: keys of `r`, or groups. */
  readonly leftValues?: 'few';
  readonly rightValues?: 'few';
  readonly windows?: 'TUMBLING' | 'SESSION';
  /** Topics whose keys are INT: some are negative, and their bytes are behind all others. */
  readonly intKeys?: readonly string[];
}

const WITHIN = 'WITHIN 10 SECONDS GRACE PERIOD 5 SECONDS';
const UNEVEN = 'WITHIN (2 SECONDS, 7 SECONDS) GRACE PERIOD 5 SECONDS';

/** What the key of a join is called where it is not the left side's. */
const KEYS: Readonly<Record<string, string>> = { FULL: 'ROWKEY', RIGHT: 'R.k' };

const joined = (how: string, on = 'L.k = R.k'): string =>
  `SELECT ${KEYS[how.split(' ')[0] ?? ''] ?? 'L.k'} AS k, L.v AS lv, R.v AS rv FROM L ${how} ON ${on}`;
const grouped = (window: string, by = 'k', of = 'v'): string =>
  `SELECT ${by} AS k, COUNT(*) AS n, COLLECT_LIST(${of}) AS vs FROM L ${window} GROUP BY ${by}`;
const joinedThree = (first: string, second: string): string =>
  `SELECT L.k AS k, L.v AS lv, R.v AS rv, T.v AS tv FROM L ${first} ON L.k = R.k ${second} ON L.k = T.k`;
const stream = (query: string): string => `CREATE STREAM O WITH (KAFKA_TOPIC='o', VALUE_FORMAT='JSON') AS ${query};`;
const table = (query: string): string => `CREATE TABLE O WITH (KAFKA_TOPIC='o', VALUE_FORMAT='JSON') AS ${query};`;

const GRACE = 'GRACE PERIOD 5 SECONDS';
const TUMBLING = `WINDOW TUMBLING (SIZE 10 SECONDS, ${GRACE})`;
const HOPPING = `WINDOW HOPPING (SIZE 10 SECONDS, ADVANCE BY 3 SECONDS, ${GRACE})`;
const SESSION = `WINDOW SESSION (10 SECONDS, ${GRACE})`;

const streams = { left: 'STREAM', right: 'STREAM' } as const;
const tables = { left: 'TABLE', right: 'TABLE' } as const;
const mixed = { left: 'STREAM', right: 'TABLE' } as const;

/** Named as in java/Topologies.java. */
const PROGRAMS: readonly Program[] = [
  { name: 'inner join of streams', ...streams, sql: stream(joined(`JOIN R ${WITHIN}`)) },
  { name: 'left join of streams', ...streams, sql: stream(joined(`LEFT JOIN R ${WITHIN}`)) },
  { name: 'full join of streams', ...streams, sql: stream(joined(`FULL JOIN R ${WITHIN}`)) },
  { name: 'inner join of streams, before and after', ...streams, sql: stream(joined(`JOIN R ${UNEVEN}`)) },
  {
    name: 'left join of streams, before and after',
    ...streams,
    sql: stream(joined(`LEFT JOIN R ${UNEVEN}`)),
  },
  { name: 'left join of streams, no grace', ...streams, sql: stream(joined('LEFT JOIN R WITHIN 10 SECONDS')) },
  { name: 'full join of streams, no grace', ...streams, sql: stream(joined('FULL JOIN R WITHIN 10 SECONDS')) },
  { name: 'inner join of a stream and a table', ...mixed, sql: stream(joined('JOIN R')) },
  { name: 'left join of a stream and a table', ...mixed, sql: stream(joined('LEFT JOIN R')) },
  { name: 'inner join of tables', ...tables, sql: table(joined('JOIN R')) },
  { name: 'left join of tables', ...tables, sql: table(joined('LEFT JOIN R')) },
  { name: 'full join of tables', ...tables, sql: table(joined('FULL JOIN R')) },
  { name: 'foreign-key join', ...tables, sql: table(joined('JOIN R', 'L.v = R.k')), leftValues: 'few' },
  { name: 'left foreign-key join', ...tables, sql: table(joined('LEFT JOIN R', 'L.v = R.k')), leftValues: 'few' },
  { name: 'groups by key', left: 'STREAM', sql: table(grouped('')) },
  { name: 'groups by value', left: 'STREAM', sql: table(grouped('', 'v')), leftValues: 'few' },
  { name: 'groups of a table', left: 'TABLE', sql: table(grouped('', 'v', 'k')), leftValues: 'few' },
  { name: 'tumbling windows', left: 'STREAM', sql: table(grouped(TUMBLING)), windows: 'TUMBLING' },
  { name: 'hopping windows', left: 'STREAM', sql: table(grouped(HOPPING)), windows: 'TUMBLING' },
  { name: 'sessions', left: 'STREAM', sql: table(grouped(SESSION)), windows: 'SESSION' },
  {
    name: 'tumbling windows, final',
    left: 'STREAM',
    sql: table(`${grouped(TUMBLING)} EMIT FINAL`),
    windows: 'TUMBLING',
  },
  { name: 'hopping windows, final', left: 'STREAM', sql: table(`${grouped(HOPPING)} EMIT FINAL`), windows: 'TUMBLING' },
  { name: 'sessions, final', left: 'STREAM', sql: table(`${grouped(SESSION)} EMIT FINAL`), windows: 'SESSION' },
  {
    name: 'groups of a join of streams',
    ...streams,
    sql: table(
      `SELECT L.k AS k, COUNT(*) AS n, COLLECT_LIST(L.v + '|' + R.v) AS vs FROM L JOIN R ${WITHIN} ON L.k = R.k GROUP BY L.k`,
    ),
  },
  {
    name: 'join of a stream and groups',
    ...streams,
    sql: `CREATE TABLE G AS SELECT k, COUNT(*) AS n FROM R GROUP BY k;
      ${stream('SELECT L.k AS k, L.v AS lv, CAST(G.n AS STRING) AS rv FROM L JOIN G ON L.k = G.k')}`,
  },
  {
    name: 'three streams, inner and left',
    ...streams,
    third: 'STREAM',
    sql: stream(joinedThree(`JOIN R ${WITHIN}`, `LEFT JOIN T ${WITHIN}`)),
  },
  {
    name: 'three streams, left and left',
    ...streams,
    third: 'STREAM',
    sql: stream(joinedThree(`LEFT JOIN R ${WITHIN}`, `LEFT JOIN T ${WITHIN}`)),
  },
  {
    name: 'two streams and a table',
    ...streams,
    third: 'TABLE',
    sql: stream(joinedThree(`JOIN R ${WITHIN}`, 'LEFT JOIN T')),
  },
  { name: 'three tables, inner and left', ...tables, third: 'TABLE', sql: table(joinedThree('JOIN R', 'LEFT JOIN T')) },
  {
    name: 'three tables, left and left',
    ...tables,
    third: 'TABLE',
    sql: table(joinedThree('LEFT JOIN R', 'LEFT JOIN T')),
  },
  { name: 'three tables, left and inner', ...tables, third: 'TABLE', sql: table(joinedThree('LEFT JOIN R', 'JOIN T')) },
  {
    name: 'groups of a join of tables',
    ...tables,
    sql: table(
      "SELECT L.v AS k, COUNT(*) AS n, COLLECT_LIST(L.k + '|' + R.v) AS vs FROM L JOIN R ON L.k = R.k GROUP BY L.v",
    ),
    leftValues: 'few',
  },
  {
    name: 'hopping windows of a join of streams',
    ...streams,
    sql: table(
      `SELECT L.k AS k, COUNT(*) AS n, COLLECT_LIST(L.v + '|' + R.v) AS vs FROM L JOIN R ${WITHIN} ON L.k = R.k ${HOPPING} GROUP BY L.k`,
    ),
    windows: 'TUMBLING',
  },
  {
    name: 'tumbling windows of a left join of streams, final',
    ...streams,
    sql: table(
      `SELECT L.k AS k, COUNT(*) AS n, COLLECT_LIST(L.v + '|' + COALESCE(R.v, '-')) AS vs FROM L LEFT JOIN R ${WITHIN} ON L.k = R.k ${TUMBLING} GROUP BY L.k EMIT FINAL`,
    ),
    windows: 'TUMBLING',
  },
  { name: 'right join of streams', ...streams, sql: stream(joined(`RIGHT JOIN R ${WITHIN}`)) },
  { name: 'right join of tables', ...tables, sql: table(joined('RIGHT JOIN R')) },
  {
    name: 'full join of streams, only after',
    ...streams,
    sql: stream(joined('FULL JOIN R WITHIN (0 SECONDS, 7 SECONDS) GRACE PERIOD 5 SECONDS')),
  },
  {
    name: 'join of streams by their values',
    ...streams,
    sql: stream(
      `SELECT L.v AS k, COALESCE(L.k, '-') AS lv, CASE WHEN R.v IS NULL THEN NULL ELSE COALESCE(R.k, '-') END AS rv FROM L LEFT JOIN R ${WITHIN} ON L.v = R.v`,
    ),
    leftValues: 'few',
    rightValues: 'few',
  },
  {
    name: 'join of a stream and a join of tables',
    left: 'STREAM',
    right: 'TABLE',
    third: 'TABLE',
    sql: `CREATE TABLE J WITH (VALUE_FORMAT='JSON') AS SELECT R.k AS k, R.v AS rv, T.v AS tv FROM R LEFT JOIN T ON R.k = T.k;
      ${stream("SELECT L.k AS k, L.v AS lv, J.rv + '|' + COALESCE(J.tv, '-') AS rv FROM L LEFT JOIN J ON L.k = J.k")}`,
  },
  {
    name: 'join of a table that is filtered',
    ...tables,
    sql: `CREATE TABLE F AS SELECT * FROM L WHERE v < 'c';
      ${table('SELECT F.k AS k, F.v AS lv, R.v AS rv FROM F LEFT JOIN R ON F.k = R.k')}`,
    leftValues: 'few',
  },
  {
    name: 'groups of a foreign-key join',
    ...tables,
    sql: table(
      "SELECT L.v AS k, COUNT(*) AS n, COLLECT_LIST(L.k + '|' + R.v) AS vs FROM L JOIN R ON L.v = R.k GROUP BY L.v",
    ),
    leftValues: 'few',
  },
  {
    name: 'groups of groups',
    left: 'STREAM',
    sql: `CREATE TABLE G AS SELECT k, COUNT(*) AS n FROM L GROUP BY k;
      ${table('SELECT CAST(n AS STRING) AS k, COUNT(*) AS n, COLLECT_LIST(k) AS vs FROM G GROUP BY CAST(n AS STRING)')}`,
  },
  {
    name: 'sessions of a join of a stream and a table',
    ...mixed,
    sql: table(
      `SELECT L.k AS k, COUNT(*) AS n, COLLECT_LIST(L.v + '|' + R.v) AS vs FROM L JOIN R ON L.k = R.k ${SESSION} GROUP BY L.k`,
    ),
    windows: 'SESSION',
  },
  {
    name: 'tumbling windows by value, final, no grace',
    left: 'STREAM',
    sql: table(
      "SELECT v AS k, COUNT(*) AS n, COLLECT_LIST(COALESCE(k, '-')) AS vs FROM L WINDOW TUMBLING (SIZE 10 SECONDS) GROUP BY v EMIT FINAL",
    ),
    leftValues: 'few',
    windows: 'TUMBLING',
  },
  {
    name: 'join of two tables of groups',
    ...streams,
    sql: `CREATE TABLE GL AS SELECT k, COUNT(*) AS n FROM L GROUP BY k; CREATE TABLE GR AS SELECT k, COUNT(*) AS n FROM R GROUP BY k;
      ${table('SELECT GL.k AS k, CAST(GL.n AS STRING) AS lv, CAST(GR.n AS STRING) AS rv FROM GL LEFT JOIN GR ON GL.k = GR.k')}`,
  },
];

const ofInts = (name: string, ...intKeys: string[]): Program => {
  const program = PROGRAMS.find((each) => each.name === name);
  if (program === undefined) throw new Error(`no program ${name}`);
  return { ...program, intKeys };
};

/** Where many rows go out at one moment, in the order of their keys. */
const ORDERED: readonly Program[] = [
  ofInts('left join of streams', 'l', 'r'),
  ofInts('full join of streams', 'l', 'r'),
  ofInts('right join of streams', 'l', 'r'),
  ofInts('foreign-key join', 'l'),
  ofInts('tumbling windows, final', 'l'),
  ofInts('hopping windows, final', 'l'),
  ofInts('sessions, final', 'l'),
  ofInts('tumbling windows of a left join of streams, final', 'l', 'r'),
];

const LETTERS = ['a', 'b', 'c', 'd'];
const INTS = ['-300', '-1', '2', '256'];

/** Mostly in order, some late, some too late; a few without value or key. Every second seed has whole seconds, so that ends meet. */
function recordsOf({ left, right, third, leftValues, rightValues, intKeys }: Program, seed: number): TestRecord[] {
  const random = seeded(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  let nowMs = 0;
  return Array.from({ length: RECORDS }, (_, at) => {
    const side = right === undefined ? 1 : random();
    const topic = side < 0.5 ? 'r' : third !== undefined && side < 0.75 ? 't' : 'l';
    nowMs += pick(4_000);
    const late = random();
    const timeMs = Math.max(0, late < 0.7 ? nowMs : nowMs - pick(late < 0.95 ? 12_000 : 40_000));
    const timestampMs = seed % 2 === 0 ? timeMs - (timeMs % 1000) : timeMs;
    const key = (intKeys?.includes(topic) ? INTS : LETTERS)[pick(4)] ?? '';
    const value =
      { l: leftValues, r: rightValues, t: undefined }[topic] === 'few' ? ('abcde'[pick(5)] ?? '') : `${topic}${at}`;
    const type = { l: left, r: right, t: third }[topic];
    return {
      topic,
      key: type === 'STREAM' && random() < 0.05 ? null : key,
      value: random() < (type === 'TABLE' ? 0.2 : 0.05) ? null : value,
      timestampMs,
    };
  });
}

const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text));

function intBytes(text: string): Buffer {
  const four = Buffer.alloc(4);
  four.writeInt32BE(Number(text));
  return four;
}

async function ours({ left, right, third, sql, windows, intKeys }: Program, records: readonly TestRecord[]) {
  const engine = new OfflineEngine({ log: silentLog });
  const isInt = (topic: string): boolean => intKeys?.includes(topic) ?? false;
  const source = (name: string, type = 'STREAM'): string =>
    `CREATE ${type} ${name} (k ${isInt(name) ? 'INT' : 'STRING'} ${type === 'TABLE' ? 'PRIMARY ' : ''}KEY, v STRING) WITH (KAFKA_TOPIC='${name}', FORMAT='KAFKA', PARTITIONS=1);`;
  await engine.execute(`${source('l', left)}${source('r', right)}${source('t', third)}${sql}`, {
    'auto.offset.reset': 'earliest',
  });
  for (const { topic, key, value, timestampMs } of records) {
    const keyBytes = key !== null && isInt(topic) ? intBytes(key) : bytes(key);
    await engine.produce({ topic, key: keyBytes, value: bytes(value), timestampMs, headers: [] });
  }
  const shownKey = (key: Buffer): string => (isInt('l') ? String(key.readInt32BE(0)) : key.toString());
  return engine.kafka.records('o').map(
    ({ key, value, timestampMs }): Result => ({
      key: key === null ? null : windows === undefined ? shownKey(key) : windowedKey(key, windows, shownKey),
      value: value === null ? null : shownValue(JSON.parse(value.toString())),
      timestampMs,
    }),
  );
}

function windowedKey(key: Buffer, kind: 'TUMBLING' | 'SESSION', shownKey: (key: Buffer) => string): string {
  const { startMs, endMs } = readWindow(key, { kind, sizeMs: 10_000 });
  const [size, end] = kind === 'SESSION' ? [16, `..${endMs}`] : [8, ''];
  return `${shownKey(key.subarray(0, key.length - size))}@${startMs}${end}`;
}

const shownValue = ({ LV, RV, TV, N, VS }: Record<string, unknown>): string =>
  Array.isArray(VS)
    ? `${N}|${VS.join(',')}`
    : [LV, RV, ...(TV === undefined ? [] : [TV])].map((each) => each ?? '-').join('|');

let folder: string;
let theirs: (program: Program, records: readonly TestRecord[]) => Promise<unknown>;
let stop: () => void;

beforeAll(async () => {
  // A driver makes and removes many small files: on a busy disk that takes longer than all else.
  folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'evpipe-topologies-'));
  const classpath = await compileJava(folder, { sources: 'test/real/ksqldb/java', jarsOf: 'streams' });
  const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
  const args = ['-XX:TieredStopAtLevel=1', log, '-cp', classpath, 'Topologies', join(folder, 'state')];
  const child = spawn('java', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stderr.pipe(createWriteStream(join(folder, 'java.log')));
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  theirs = async ({ name, intKeys = [] }, records) => {
    child.stdin.write(`${JSON.stringify({ program: name, intKeys, records })}\n`);
    const { value, done } = await answers.next();
    if (done === true) throw new Error('the JVM of Kafka Streams ended');
    return JSON.parse(value);
  };
  stop = () => child.stdin.end();
});

afterAll(async () => {
  stop?.();
  await rm(folder, { recursive: true, force: true });
});

describe.each([...PROGRAMS, ...ORDERED])('$name (keys of type INT: $intKeys)', (program) => {
  it.each(SEEDS)('is what Kafka Streams makes of the same records (seed %i)', async (seed) => {
    const records = recordsOf(program, seed);
    expect(await ours(program, records)).toEqual(await theirs(program, records));
  });
});
