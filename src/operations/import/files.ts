import { fillConnector } from '../../kinds/connector/connector-defaults.js';
import { POSTGRES_SOURCE } from '../../kinds/connector/connector-flow.js';
import { pipelineText } from '../../pipeline/write-yaml.js';
import type { FoundCluster, FoundConnector, FoundSubject, FoundTopic } from './cluster.js';
import type { FoundMigration } from './ksql.js';

/** Path below the pipeline's folder to text. */
export type Files = ReadonlyMap<string, string>;

export interface Written {
  readonly files: Files;
  /** Environment variables that stand in for secrets, each with where it is used. */
  readonly secrets: ReadonlyMap<string, string>;
  /** What a person should know of the result, a sentence each. */
  readonly notes: readonly string[];
}

const EXTENSION = { AVRO: 'avsc', JSON: 'json', PROTOBUF: 'proto' } as const;
const SECRET = /password|passwd|secret|token|credential|private\.?key|api\.?key|sasl\.jaas\.config|user\.info$/i;
const USERINFO = /:\/\/[^/\s:@]*:[^/\s@]+@/;
/** Of the connector's own placeholders: `${file:…}` is no secret, only its address. */
const PLACEHOLDER = /^\$\{[^}]+\}$/;

/** The pipeline file and what it names. Pure. */
export function pipelineFiles(name: string, found: FoundCluster, migrations: readonly FoundMigration[]): Written {
  const files = new Map<string, string>();
  const secrets = new Map<string, string>();
  const notes: string[] = [];
  const databases = new Databases();
  const connectors = found.connectors.map(
    (connector) => [connector.name, connectorSection(name, connector, { databases, secrets, found })] as const,
  );
  for (const subject of found.subjects) files.set(schemaFile(subject), schemaText(subject));
  for (const [index, { name: what, text }] of migrations.entries()) {
    files.set(`ksql/V${String(index + 1).padStart(6, '0')}__${what}.sql`, text);
  }
  const compatibility = commonCompatibility(found.subjects, notes);
  const { topics, subjects } = found.internal;
  if (topics + subjects > 0) notes.push(`left out what belongs to the servers: ${topics} topics, ${subjects} subjects`);
  for (const [variable, place] of secrets) notes.push(`set ${variable}: ${place} is left out`);
  const sections = {
    version: 1,
    name,
    databases: Object.fromEntries(databases.names.map((database) => [database, {}])),
    topics: Object.fromEntries(found.topics.map((topic) => [topic.name, topicSection(topic)])),
    schemas: {
      ...(compatibility === undefined ? {} : { compatibility }),
      subjects: Object.fromEntries(found.subjects.map((subject) => [subject.name, subjectSection(subject)])),
    },
    connectors: Object.fromEntries(connectors),
    ...(migrations.length === 0 ? {} : { ksqldb: { migrations: 'ksql' } }),
  };
  const comment = ['Written by evpipe import from a running cluster.', ...notes].join('\n');
  files.set('evpipe.yaml', pipelineText(withoutEmpty(sections), comment));
  return { files, secrets, notes };
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every(isEmpty);

const withoutEmpty = (sections: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(sections).filter(
      ([key, value]) => !isEmpty(value) || (key === 'databases' && Object.keys(value as object).length > 0),
    ),
  );

/** How many replicas there are is the cluster's affair: its default counts wherever the file goes. */
const topicSection = ({ partitions, config }: FoundTopic): unknown => ({
  partitions,
  ...(Object.keys(config).length === 0 ? {} : { config }),
});

const schemaFile = ({ name, type }: FoundSubject): string =>
  `schemas/${name.replace(/[^A-Za-z0-9._-]/g, '_')}.${EXTENSION[type]}`;

const schemaText = ({ type, schema }: FoundSubject): string =>
  type === 'PROTOBUF' ? `${schema.trimEnd()}\n` : `${JSON.stringify(JSON.parse(schema), null, 2)}\n`;

function subjectSection(subject: FoundSubject): unknown {
  const { type, references } = subject;
  if (type === 'AVRO' && references.length === 0) return schemaFile(subject);
  return { file: schemaFile(subject), type, ...(references.length === 0 ? {} : { references }) };
}

function commonCompatibility(subjects: readonly FoundSubject[], notes: string[]): string | undefined {
  const levels = [...new Set(subjects.map(({ compatibility }) => compatibility))];
  const [only] = levels;
  if (levels.length <= 1) return only;
  const own = subjects.filter(({ compatibility }) => compatibility !== undefined);
  notes.push(
    `compatibility is left out, subjects differ: ${own.map((one) => `${one.name} ${one.compatibility}`).join(', ')}`,
  );
  return undefined;
}

/** The databases that connectors name, each address once. */
class Databases {
  private readonly byAddress = new Map<string, string>();

  get names(): readonly string[] {
    return [...this.byAddress.values()];
  }

  nameOf(config: FoundConnector['config']): string {
    const { 'database.hostname': host = '', 'database.port': port = '5432', 'database.dbname': name = '' } = config;
    const address = `${host}:${port}/${name}`;
    const known = this.byAddress.get(address);
    if (known !== undefined) return known;
    const plain = name.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^[^A-Za-z0-9]+/, '') || 'database';
    let free = plain;
    for (let number = 2; this.names.includes(free); number += 1) free = `${plain}-${number}`;
    this.byAddress.set(address, free);
    return free;
  }
}

const ADDRESS = ['hostname', 'port', 'user', 'password', 'dbname'].map((option) => `database.${option}`);

function connectorSection(
  pipeline: string,
  { name, config, topics }: FoundConnector,
  into: { readonly databases: Databases; readonly secrets: Map<string, string>; readonly found: FoundCluster },
): unknown {
  const { name: _, ...own } = config;
  const isPostgres = own['connector.class'] === POSTGRES_SOURCE;
  const database = isPostgres && own['database.dbname'] !== undefined ? into.databases.nameOf(own) : undefined;
  const filled = fillConnector(pipeline, name, database, { 'connector.class': own['connector.class'] ?? '' });
  const written: Record<string, string> = {};
  for (const [option, value] of Object.entries(own).sort(classFirst)) {
    if (option === 'tasks.max' && value === '1') continue; // Connect's default, which ksqlDB writes out
    if (database !== undefined && (ADDRESS.includes(option) || filled[option] === value)) {
      if (option !== 'connector.class') continue;
    }
    written[option] = importedValue(option, value, { connector: name, ...into });
  }
  const known = new Set(into.found.topics.map((topic) => topic.name));
  const routed = isPostgres && Object.values(own).some((value) => value.endsWith('.EventRouter'));
  const produces = routed ? (topics ?? []).filter((topic) => known.has(topic)) : [];
  return {
    ...(database === undefined ? {} : { database }),
    ...(produces.length === 0 ? {} : { produces }),
    config: written,
  };
}

const classFirst = ([a]: [string, string], [b]: [string, string]): number =>
  Number(b === 'connector.class') - Number(a === 'connector.class');

function importedValue(
  option: string,
  value: string,
  {
    connector,
    secrets,
    found,
  }: { readonly connector: string; readonly secrets: Map<string, string>; readonly found: FoundCluster },
): string {
  if (option.endsWith('schema.registry.url') && found.subjects.length > 0) return '$(schemaRegistry.url)';
  if (PLACEHOLDER.test(value)) return value;
  if (!SECRET.test(option) && !USERINFO.test(value)) return value;
  const variable = `${connector}_${option}`
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^(?=\d)/, '_');
  secrets.set(variable, `${option} of connector ${connector}`);
  return `\${${variable}}`;
}
