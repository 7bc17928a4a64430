import type { KsqldbClient, KsqlEntity } from '../../clients/ksqldb/client.js';
import { STATEMENTS } from '../../protocol/ksql/parse-statement.js';
import { writeName } from '../../protocol/ksql/types.js';

/** What a server knows by name. */
export interface KsqlNames {
  /** Columns of each stream and table. */
  readonly sources: ReadonlyMap<string, readonly string[]>;
  readonly functions: readonly string[];
  readonly topics: readonly string[];
}

/** What may stand behind the text that was typed, and the end of that text which each candidate replaces. */
export interface Completion {
  readonly candidates: readonly string[];
  readonly typed: string;
}

const CLAUSES =
  `ADVANCE AFTER ALL AND ARRAY AS BEFORE BETWEEN BIGINT BOOLEAN BY BYTES CASE CAST CHANGES COLUMN CONNECTOR CONNECTORS
DATE DAYS DECIMAL DELETE DOUBLE ELSE EMIT END EXISTS EXTENDED FALSE FINAL FROM FULL FUNCTION FUNCTIONS GRACE GROUP HAVING HOPPING
HOURS IF IN INNER INT INTO IS JOIN KEY LEFT LIKE LIMIT MAP MINUTES NOT NULL ON OR OUTER PARTITION PERIOD PRIMARY PROPERTIES
QUERIES REPLACE RETENTION RIGHT SCRIPT SECONDS SELECT SESSION SINK SIZE SOURCE STREAM STREAMS STRING STRUCT TABLE TABLES THEN
TIME TIMESTAMP TOPIC TOPICS TRUE TUMBLING TYPE TYPES VALUES VARCHAR WHEN WHERE WINDOW WITH WITHIN`.split(/\s+/);

const NAMES_A_SOURCE = /\b(?:from|join|into|describe|(?:drop|alter)\s+(?:stream|table)(?:\s+if\s+exists)?)\s+$/i;
const SOURCES = /\b(?:from|join|into|describe)\s+(`[^`]+`|\w+)(?:\s+as)?(?:\s+(\w+))?/gi;

/** `before` is the statement up to the cursor. */
export function completionsOf(before: string, names: KsqlNames): Completion {
  const topic = /^\s*print\s+'?([^']*)$/i.exec(before)?.[1];
  if (topic !== undefined) return startingWith(topic, before, names.topics);
  const member = /(\w+)\.(\w*)$/.exec(before);
  if (member !== null) {
    const source = sourcesIn(before).get((member[1] ?? '').toUpperCase()) ?? member[1] ?? '';
    return fitting(member[2] ?? '', written(names.sources.get(source) ?? []));
  }
  const typed = /\w*$/.exec(before)?.[0] ?? '';
  const earlier = before.slice(0, before.length - typed.length);
  if (earlier.trim() === '') return fitting(typed, [...Object.keys(STATEMENTS), 'EXPLAIN', 'RUN SCRIPT']);
  const sources = written([...names.sources.keys()]);
  if (NAMES_A_SOURCE.test(earlier)) return fitting(typed, sources);
  const mentioned = [...new Set(sourcesIn(before).values())];
  const columns = mentioned.flatMap((source) => written(names.sources.get(source) ?? []));
  // All functions are too many to choose from: they come with their first letter.
  const functions = typed === '' ? [] : names.functions.map((name) => `${name}(`);
  return fitting(typed, [...columns, ...sources, ...CLAUSES, ...functions]);
}

const written = (names: readonly string[]): string[] => names.map(writeName);

/** The sources that a statement mentions, by their names and aliases. */
function sourcesIn(statement: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', alias] of statement.matchAll(SOURCES)) {
    const source = name.startsWith('`') ? name.slice(1, -1) : name.toUpperCase();
    found.set(source, source);
    if (alias !== undefined) found.set(alias.toUpperCase(), source);
  }
  return found;
}

/** In the case of what was typed: ksqlDB reads bare words without regard to it. */
function fitting(typed: string, among: readonly string[]): Completion {
  const lower = typed !== '' && typed === typed.toLowerCase();
  const wanted = typed.toUpperCase();
  const candidates = among
    .filter((each) => each.toUpperCase().startsWith(wanted))
    .map((each) => (lower && !each.startsWith('`') ? each.toLowerCase() : each));
  return { candidates: [...new Set(candidates)].sort(), typed };
}

function startingWith(typed: string, before: string, topics: readonly string[]): Completion {
  const open = before.endsWith(`'${typed}`);
  const fit = topics.filter((each) => each.startsWith(typed)).sort();
  return { candidates: fit.map((each) => (open ? `${each}'` : `'${each}'`)), typed };
}

export async function readKsqlNames(client: KsqldbClient): Promise<KsqlNames> {
  const entities = await client.send('DESCRIBE STREAMS; DESCRIBE TABLES; LIST FUNCTIONS; LIST TOPICS;');
  const lists = (field: string): KsqlEntity[] =>
    entities.flatMap((entity) => (Array.isArray(entity[field]) ? (entity[field] as KsqlEntity[]) : []));
  const namesIn = (list: readonly KsqlEntity[]): string[] =>
    list.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
  const sources = lists('sourceDescriptions').flatMap(({ name, fields }) =>
    typeof name === 'string' && Array.isArray(fields) ? [[name, namesIn(fields as KsqlEntity[])] as const] : [],
  );
  return { sources: new Map(sources), functions: namesIn(lists('functions')), topics: namesIn(lists('topics')) };
}
