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
  /** What comes after the sources; the results are those of O. */
  readonly sql: string;
  /** Values of `l` are a few that repeat: keys of `r`, or groups. */
  readonly leftValues?: 'few';
  readonly windows?: 'TUMBLING' | 'SESSION';
}

const WITHIN = 'WITHIN 10 SECONDS GRACE PERIOD 5 SECONDS';
const UNEVEN = 'WITHIN (2 SECONDS, 7 SECONDS) GRACE PERIOD 5 SECONDS';

const joined = (how: string, on = 'L.k = R.k'): string =>
  `SELECT ${how.startsWith('FULL') ? 'ROWKEY' : 'L.k'} AS k, L.v AS lv, R.v AS rv FROM L ${how} ON ${on}`;
const grouped = (window: string, by = 'k', of = 'v'): string =>
  `SELECT ${by} AS k, COUNT(*) AS n, COLLECT_LIST(${of}) AS vs FROM L ${window} GROUP BY ${by}`;
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
];

/** Mostly in order, some late, some too late; a few without value or key. Every second seed has whole seconds, so that ends meet. */
function recordsOf({ left, right, leftValues }: Program, seed: number): TestRecord[] {
  const random = seeded(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  let nowMs = 0;
  return Array.from({ length: RECORDS }, (_, at) => {
    const topic = right !== undefined && random() < 0.5 ? 'r' : 'l';
    nowMs += pick(4_000);
    const late = random();
    const timeMs = Math.max(0, late < 0.7 ? nowMs : nowMs - pick(late < 0.95 ? 12_000 : 40_000));
    const timestampMs = seed % 2 === 0 ? timeMs - (timeMs % 1000) : timeMs;
    const key = 'abcd'[pick(4)] ?? '';
    const value = topic === 'l' && leftValues === 'few' ? ('abcde'[pick(5)] ?? '') : `${topic}${at}`;
    const type = topic === 'l' ? left : right;
    return {
      topic,
      key: type === 'STREAM' && random() < 0.05 ? null : key,
      value: random() < (type === 'TABLE' ? 0.2 : 0.05) ? null : value,
      timestampMs,
    };
  });
}

const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text));

async function ours({ left, right = 'STREAM', sql, windows }: Program, records: readonly TestRecord[]) {
  const engine = new OfflineEngine({ log: silentLog });
  const source = (name: string, type: string): string =>
    `CREATE ${type} ${name} (k STRING ${type === 'TABLE' ? 'PRIMARY ' : ''}KEY, v STRING) WITH (KAFKA_TOPIC='${name}', FORMAT='KAFKA', PARTITIONS=1);`;
  await engine.execute(`${source('l', left)}${source('r', right)}${sql}`, { 'auto.offset.reset': 'earliest' });
  for (const { topic, key, value, timestampMs } of records) {
    await engine.produce({ topic, key: bytes(key), value: bytes(value), timestampMs, headers: [] });
  }
  return engine.kafka.records('o').map(
    ({ key, value, timestampMs }): Result => ({
      key: key === null ? null : windows === undefined ? key.toString() : windowedKey(key, windows),
      value: value === null ? null : shownValue(JSON.parse(value.toString())),
      timestampMs,
    }),
  );
}

function windowedKey(key: Buffer, kind: 'TUMBLING' | 'SESSION'): string {
  const { startMs, endMs } = readWindow(key, { kind, sizeMs: 10_000 });
  const [size, end] = kind === 'SESSION' ? [16, `..${endMs}`] : [8, ''];
  return `${key.subarray(0, key.length - size)}@${startMs}${end}`;
}

const shownValue = ({ LV, RV, N, VS }: Record<string, unknown>): string =>
  Array.isArray(VS) ? `${N}|${VS.join(',')}` : `${LV ?? '-'}|${RV ?? '-'}`;

let folder: string;
let theirs: (program: string, records: readonly TestRecord[]) => Promise<unknown>;
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
  theirs = async (program, records) => {
    child.stdin.write(`${JSON.stringify({ program, records })}\n`);
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

describe.each(PROGRAMS)('$name', (program) => {
  it.each(SEEDS)('is what Kafka Streams makes of the same records (seed %i)', async (seed) => {
    const records = recordsOf(program, seed);
    expect(await ours(program, records)).toEqual(await theirs(program.name, records));
  });
});
