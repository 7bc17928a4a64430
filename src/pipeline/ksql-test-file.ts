import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node as YamlNode } from 'yaml';
import { isJsonObject, type Json, JsonNumber, type JsonObject, parseJson } from '../protocol/json/parse.js';
import { EvpipeError, messageOf } from '../support/errors.js';

/** A record as a test writes it: key and value as JSON of the columns, or as text for text formats. */
export interface TestRecord {
  readonly topic: string;
  readonly key: Json;
  readonly value: Json;
  readonly timestampMs: number | undefined;
  readonly window: { readonly startMs: number; readonly endMs: number } | undefined;
}

export interface KsqlSource {
  /** Absolute. */
  readonly file: string;
  readonly text: string;
}

export interface KsqlTest {
  readonly name: string;
  /** Absolute: the file that says what comes out. */
  readonly file: string;
  readonly statements: readonly KsqlSource[];
  /** Partitions of topics that have to be there before the statements. */
  readonly topics: Readonly<Record<string, number>>;
  readonly subjects: ReadonlyArray<{ readonly subject: string; readonly file: string; readonly schema: string }>;
  readonly inputs: readonly TestRecord[];
  readonly outputs: readonly TestRecord[];
  readonly queries: ReadonlyArray<{ readonly sql: string; readonly rows: readonly Json[] }>;
  /** The last statement is refused, and says so. */
  readonly refused: string | undefined;
}

const SQL_FILE = 'statements.sql';
const OUTPUT_FILE = 'output.json';

/**
 * The tests of a path: a YAML file with `cases`, a folder in the format of ksqlDB's test runner (statements.sql, input.json,
 * output.json), or a folder of such files and folders. Throws EVPIPE_KSQL_TEST_FILE (kind usage).
 */
export function readKsqlTests(path: string): KsqlTest[] {
  if (!existsSync(path)) throw wrong(path, 'there is no such file or folder');
  if (!statSync(path).isDirectory()) return readYamlTests(path);
  if (existsSync(join(path, SQL_FILE))) return [readRunnerTest(path)];
  return readdirSync(path)
    .sort()
    .map((name) => join(path, name))
    .filter((each) => statSync(each).isDirectory() || /\.ya?ml$/.test(each))
    .flatMap(readKsqlTests);
}

function readRunnerTest(folder: string): KsqlTest {
  const file = join(folder, OUTPUT_FILE);
  const input = join(folder, 'input.json');
  const list = (path: string, name: string): TestRecord[] => {
    const json = readJson(path);
    return recordsOf(isJsonObject(json) ? json[name] : undefined, path, name);
  };
  return {
    name: basename(folder),
    file,
    statements: [sqlFile(join(folder, SQL_FILE))],
    topics: {},
    subjects: [],
    inputs: existsSync(input) ? list(input, 'inputs') : [],
    outputs: list(file, 'outputs'),
    queries: [],
    refused: undefined,
  };
}

function readYamlTests(file: string): KsqlTest[] {
  const document = objectOf(readYaml(file), file, 'the file');
  const { cases } = document;
  if (!Array.isArray(cases) || cases.length === 0) throw wrong(file, 'cases: a list of cases is expected');
  const folder = dirname(file);
  const shared = statementsOf(document, file, folder);
  const topics = objectOf(document.topics ?? {}, file, 'topics');
  const subjects = Object.entries(objectOf(document.subjects ?? {}, file, 'subjects')).map(([subject, written]) => {
    const path = resolve(folder, textOf(written, file, `subjects.${subject}`));
    return { subject, file: path, schema: read(path) };
  });
  return cases.map((one, at): KsqlTest => {
    const test = objectOf(one, file, `cases[${at}]`);
    const name = textOf(test.name, file, `cases[${at}].name`);
    const queries = test.queries ?? [];
    if (!Array.isArray(queries)) throw wrong(file, `${name}: queries: a list is expected`);
    return {
      name,
      file,
      statements: [...shared, ...statementsOf(test, file, folder)],
      topics: Object.fromEntries(Object.entries(topics).map(([topic, count]) => [topic, Number(count)])),
      subjects,
      inputs: recordsOf(test.inputs, file, `${name}: inputs`),
      outputs: recordsOf(test.outputs, file, `${name}: outputs`),
      queries: queries.map((each, place) => {
        const query = objectOf(each, file, `${name}: queries[${place}]`);
        const rows = query.rows ?? [];
        if (!Array.isArray(rows)) throw wrong(file, `${name}: queries[${place}].rows: a list is expected`);
        return { sql: textOf(query.sql, file, `${name}: queries[${place}].sql`), rows };
      }),
      refused: test.refused === undefined ? undefined : textOf(test.refused, file, `${name}: refused`),
    };
  });
}

/** `migrations`: a folder or file, or several; `statements`: SQL in the file itself. */
function statementsOf({ migrations, statements }: JsonObject, file: string, folder: string): KsqlSource[] {
  const written = migrations === undefined ? [] : Array.isArray(migrations) ? migrations : [migrations];
  const files = written.flatMap((each) => {
    const path = resolve(folder, textOf(each, file, 'migrations'));
    if (!existsSync(path)) throw wrong(file, `migrations: ${path} does not exist`);
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path)
      .filter((name) => name.endsWith('.sql'))
      .sort()
      .map((name) => join(path, name));
  });
  const own = statements === undefined ? [] : [{ file, text: textOf(statements, file, 'statements') }];
  return [...files.map(sqlFile), ...own];
}

function recordsOf(list: Json | undefined, file: string, where: string): TestRecord[] {
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw wrong(file, `${where}: a list of records is expected`);
  return list.map((each, at) => {
    const record = objectOf(each, file, `${where}[${at}]`);
    const window = record.window === undefined ? undefined : objectOf(record.window, file, `${where}[${at}].window`);
    return {
      topic: textOf(record.topic, file, `${where}[${at}].topic`),
      key: record.key ?? null,
      value: record.value ?? null,
      timestampMs: record.timestamp === undefined ? undefined : Number(record.timestamp),
      window: window === undefined ? undefined : { startMs: Number(window.start), endMs: Number(window.end) },
    };
  });
}

/** A test has no namespace: a topic is called as the pipeline's file calls it. */
const sqlFile = (file: string): KsqlSource => ({
  file,
  text: read(file).replace(/\$\(topics\.([\w.-]+)\.name\)/g, '$1'),
});

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw wrong(file, messageOf(cause));
  }
}

function readJson(file: string): Json {
  try {
    return parseJson(read(file), 'text');
  } catch (failure) {
    throw failure instanceof EvpipeError ? failure : wrong(file, messageOf(failure));
  }
}

/** YAML as JSON whose numbers keep their digits: 1.10 stays 1.10. */
function readYaml(file: string): Json {
  const text = read(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new EvpipeError('EVPIPE_KSQL_TEST_FILE', error.message.split('\n')[0] ?? '', {
      kind: 'usage',
      location: { file, line, column: col },
    });
  }
  return jsonOf(document.contents, file);
}

function jsonOf(node: YamlNode | null | undefined, file: string): Json {
  if (node === null || node === undefined) return null;
  if (isAlias(node)) throw wrong(file, `aliases such as *${node.source} are not supported here: write the value out`);
  if (isMap<YamlNode, YamlNode | null>(node)) {
    const entries = node.items.map(({ key, value }) => [isScalar(key) ? String(key.value) : '', jsonOf(value, file)]);
    return Object.fromEntries(entries);
  }
  if (isSeq<YamlNode>(node)) return node.items.map((item) => jsonOf(item, file));
  if (!isScalar(node)) return null;
  const { value, source } = node;
  if (typeof value === 'number') return new JsonNumber(source ?? String(value));
  return typeof value === 'boolean' || value === null ? value : String(value);
}

function objectOf(json: Json | undefined, file: string, where: string): JsonObject {
  if (!isJsonObject(json)) throw wrong(file, `${where}: names and values are expected`);
  return json;
}

function textOf(json: Json | undefined, file: string, where: string): string {
  if (typeof json !== 'string') throw wrong(file, `${where}: a string is expected`);
  return json;
}

const wrong = (file: string, message: string): EvpipeError =>
  new EvpipeError('EVPIPE_KSQL_TEST_FILE', message, { kind: 'usage', location: { file, line: 1, column: 1 } });
