import { readdirSync, readFileSync } from 'node:fs';
import type { KafkaRecord } from '../../../../src/clients/kafka/contract.js';
import { OfflineEngine } from '../../../../src/embedded/ksqldb/offline/offline-engine.js';
import { statementFailure } from '../../../../src/embedded/ksqldb/rest/errors.js';
import { RecordDecoder, RecordEncoder } from '../../../../src/embedded/ksqldb/runtime/record-codec.js';
import { jsonReader } from '../../../../src/ksql/formats/json-reader.js';
import { objectWriter } from '../../../../src/ksql/formats/json-writer.js';
import type { Source } from '../../../../src/ksql/metadata/source.js';
import { parseJson } from '../../../../src/protocol/json/parse.js';
import { silentLog } from '../../../../src/support/log.js';

/**
 * One case of a cases/*.txt file:
 *   == name
 *   CREATE …;                       statements; `@json(t)` is WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', PARTITIONS=1)
 *   > topic | key | value | time    a record in
 *   < topic | key | value | time    a record that has to come out, in order; `< topic` alone: none
 *   ? SELECT …;                     a query
 *   = [1,"a"]                       a row that it answers
 *   ! text                          the last statement or query is refused with the error code 40001, and says so
 *   ! 41700: text                   the same with another code
 *   $ subject | AVRO | schema       a schema in the registry, from the first on with the ids 1, 2 …
 *   @ subject | AVRO | schema       the schema that a subject has to have by then; `-` for none
 * Keys: text, `-` for null, int:1, big:1, dbl:1.5 for the KAFKA format; `key@start`, `key@start..end` of windows.
 * Values: text, `-` for null, hex:00ff; `~{…}` is JSON of the columns, whatever the topic's format.
 */
export interface Case {
  readonly name: string;
  readonly lines: readonly string[];
}

const folder = new URL('./cases/', import.meta.url);

export const caseFiles = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.cases.txt'));

export function readCases(file: string): Case[] {
  const cases: Array<{ name: string; lines: string[] }> = [];
  for (const line of readFileSync(new URL(file, folder), 'utf8').split('\n')) {
    if (line.startsWith('== ')) cases.push({ name: line.slice(3), lines: [] });
    else if (line.trim() !== '' && !line.startsWith('#')) cases.at(-1)?.lines.push(line);
  }
  return cases;
}

/** A case of records alone: statements, then what goes in and what comes out, as fields. */
export function programOf({ name, lines }: Case) {
  const fields = (mark: string) =>
    lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(2).split(' | '));
  const statements = lines.filter((line) => /^[A-Z]/.test(line)).map(expand);
  return { name, statements, inputs: fields('> '), outputs: fields('< ') };
}

const expand = (sql: string): string =>
  sql.replace(
    /@(\w+)\(([\w-]+)((?:,[^)]*)?)\)/g,
    (_, format: string, topic: string, more: string) =>
      `WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='${format.toUpperCase()}', PARTITIONS=1${more})`,
  );

export interface Played {
  readonly found: string[];
  readonly wanted: string[];
}

/** Runs a case and gives what came out beside what should have, line by line. */
export async function play({ lines }: Case): Promise<Played> {
  const engine = new OfflineEngine({ log: silentLog, clock: () => 1_000_000 });
  const found: string[] = [];
  const wanted: string[] = [];
  const taken = new Map<string, number>();
  let sql = '';
  for (const [at, line] of lines.entries()) {
    const mark = line.slice(0, 2);
    const rest = line.slice(2).trim();
    const refused = lines[at + 1]?.startsWith('! ') === true;
    if (mark === '> ') await produce(engine, rest.split(' | '));
    else if (mark === '< ') {
      wanted.push(rest);
      found.push(await nextOutput(engine, rest.split(' | '), taken));
    } else if (mark === '$ ') {
      const [subject = '', type = '', schema = ''] = rest.split(' | ');
      engine.registry.declare(subject, schema, type, new Map());
    } else if (mark === '@ ') {
      const [subject = ''] = rest.split(' | ');
      const schema = await engine.registry.latest(subject);
      wanted.push(rest);
      found.push(`${subject} | ${schema === undefined ? '-' : `${schema.type} | ${oneLine(schema.schema)}`}`);
    } else if (mark === '? ') {
      wanted.push(...answersAfter(lines, at));
      found.push(...(await attempt(refused, () => engine.query(expand(rest)))));
    } else if (mark === '! ') {
      const [, code = '40001: ', text = rest] = /^(\d{5}: )(.*)$/.exec(rest) ?? [];
      const last = found.pop() ?? '';
      wanted.push(code + text);
      found.push(last.startsWith(code) && last.includes(text) ? code + text : last);
    } else if (mark !== '= ') {
      sql += `${line}\n`;
      if (!line.trimEnd().endsWith(';')) continue;
      const text = expand(sql);
      sql = '';
      found.push(...(await attempt(refused, () => engine.execute(text, EARLIEST).then(() => undefined))));
    }
  }
  for (const topic of new Set(
    lines.filter((line) => line.startsWith('< ')).map((line) => line.slice(2).split(' | ')[0] ?? ''),
  ))
    found.push(...(await leftOver(engine, topic.trim(), taken)));
  return { found, wanted };
}

const oneLine = (schema: string): string => schema.trim().replaceAll(/\s+/g, ' ');

const EARLIEST = { 'auto.offset.reset': 'earliest' };

async function attempt(refused: boolean, run: () => Promise<string[] | undefined>): Promise<string[]> {
  try {
    const rows = (await run()) ?? [];
    return refused ? [...rows, 'was accepted'] : rows;
  } catch (failure) {
    if (!refused) throw failure;
    const { error_code: code, message } = statementFailure(failure, '', []).body;
    return [`${code}: ${message}`];
  }
}

function answersAfter(lines: readonly string[], at: number): string[] {
  const answers: string[] = [];
  for (let next = at + 1; lines[next]?.startsWith('= '); next += 1) answers.push(lines[next]?.slice(2) ?? '');
  return answers;
}

const sourceOf = ({ engine }: OfflineEngine, topic: string): Source => {
  const source = [...engine.metastore.sources.values()].find((each) => each.topic === topic);
  if (source === undefined) throw new Error(`no source has topic ${topic}`);
  return source;
};

async function produce(engine: OfflineEngine, [topic = '', key = '-', value = '-', time = '0', headers]: string[]) {
  const record = {
    topic,
    key: keyBytes(key),
    value: value.startsWith('~')
      ? await encoded(engine, topic, value.slice(1))
      : value === '-' || value.startsWith('hex:')
        ? keyBytes(value)
        : Buffer.from(value),
    timestampMs: Number(time),
    headers: (headers ?? '').split(',').flatMap((header) => {
      const [name, text] = header.split('=');
      return name === '' || name === undefined ? [] : [[name, text === undefined ? null : Buffer.from(text)] as const];
    }),
  };
  await engine.produce(record);
}

async function encoded(engine: OfflineEngine, topic: string, json: string): Promise<Buffer | null> {
  const source = sourceOf(engine, topic);
  const encoder = await RecordEncoder.create(source, engine.registry);
  const read = jsonReader({ kind: 'STRUCT', fields: source.schema.value });
  return encoder.encodeValue(read(parseJson(json)) as never);
}

export function keyBytes(text: string): Buffer | null {
  if (text === '-') return null;
  const window = /^(.*)@(\d+)(?:\.\.(\d+))?$/.exec(text);
  if (window !== null) {
    const bounds = Buffer.alloc(window[3] === undefined ? 8 : 16);
    bounds.writeBigInt64BE(BigInt(window[2] ?? 0), bounds.length - 8);
    if (window[3] !== undefined) bounds.writeBigInt64BE(BigInt(window[3]), 0);
    return Buffer.concat([keyBytes(window[1] ?? '') ?? Buffer.alloc(0), bounds]);
  }
  const typed = /^(int|big|dbl|hex):(.+)$/.exec(text);
  const bytes = Buffer.alloc(typed?.[1] === 'int' ? 4 : 8);
  if (typed?.[1] === 'int') bytes.writeInt32BE(Number(typed[2]));
  else if (typed?.[1] === 'big') bytes.writeBigInt64BE(BigInt(typed[2] ?? 0));
  else if (typed?.[1] === 'dbl') bytes.writeDoubleBE(Number(typed[2]));
  else return typed?.[1] === 'hex' ? Buffer.from(typed[2] ?? '', 'hex') : Buffer.from(text);
  return bytes;
}

/** The next record of the topic, written as the expected line is where it agrees. */
async function nextOutput(engine: OfflineEngine, parts: string[], taken: Map<string, number>): Promise<string> {
  const [topic = '', key, value, time] = parts;
  if (key === undefined) return topic;
  const at = taken.get(topic) ?? 0;
  const record = engine.kafka.records(topic)[at];
  if (record === undefined) return `${topic}: nothing`;
  taken.set(topic, at + 1);
  const sameKey = Buffer.compare(keyBytes(key) ?? Buffer.from('\0null'), record.key ?? Buffer.from('\0null')) === 0;
  const shownKey = sameKey ? key : shown(record.key);
  const shownValue = value?.startsWith('~') ? await decoded(engine, record) : shown(record.value);
  const all = [topic, shownKey, shownValue, ...(time === undefined ? [] : [String(record.timestampMs)])];
  if (parts.length > 4)
    all.push(record.headers.map(([name, bytes]) => `${name}${bytes === null ? '' : `=${bytes.toString()}`}`).join(','));
  return all.slice(0, parts.length).join(' | ');
}

async function decoded(engine: OfflineEngine, record: KafkaRecord): Promise<string> {
  const source = sourceOf(engine, record.topic);
  const decoder = await RecordDecoder.create(source, engine.registry);
  await decoder.unready(record);
  const row = decoder.decode(record);
  return row?.value == null ? '-' : `~${objectWriter(source.schema.value)(row.value)}`;
}

export const shown = (bytes: Buffer | null): string => {
  if (bytes === null) return '-';
  const text = bytes.toString('utf8');
  return [...text].some((char) => char < ' ' || char === '\uFFFD') ? `hex:${bytes.toString('hex')}` : text;
};

async function leftOver(engine: OfflineEngine, topic: string, taken: Map<string, number>): Promise<string[]> {
  const records = engine.kafka.records(topic).slice(taken.get(topic) ?? 0);
  return records.map(
    ({ key, value, timestampMs }) => `more: ${topic} | ${shown(key)} | ${shown(value)} | ${timestampMs}`,
  );
}
