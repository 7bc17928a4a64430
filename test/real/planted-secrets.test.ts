import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPostgres } from '../../src/clients/postgres/client.js';
import { startAmqp } from '../../src/embedded/amqp/server.js';
import { startConnect } from '../../src/embedded/connect/server.js';
import { startKafka } from '../../src/embedded/kafka/index.js';
import { startKsqldb } from '../../src/embedded/ksqldb/server.js';
import { startPostgres } from '../../src/embedded/postgres/server.js';
import { startSchemaRegistry } from '../../src/embedded/schema-registry/server.js';
import { Lifetime } from '../../src/support/lifetime.js';
import { silentLog } from '../../src/support/log.js';
import { type Ended, type Sandbox, sandbox } from '../support/evpipe.js';

/** Every server of a cluster asks for a login of its own, each of which can be recognised wherever it turns up. */

const HOST = '127.0.0.1';
const USER = 'shop';
/** With characters that URLs, JSON, SQL and properties files write in another way. */
const secretOf = (server: string): string => `pl@nted-${server}/"7'%`;
const SERVERS = ['kafka', 'registry', 'connect', 'ksqldb', 'rabbitmq', 'postgres'] as const;
const TOKENS = ['client-secret', 'registry-token', 'connect-token', 'ksqldb-token'] as const;
/** However a secret is written, this much of it is there; `%40` in URLs. */
const PLANTED = /pl(@|%40)nted-[\w-]+/g;

const life = new Lifetime();
let box: Sandbox;

beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-planted-'));
  life.onEnd(() => rmSync(dataDir, { recursive: true, force: true }));
  const addresses = await startServers(dataDir);
  box = await sandbox('person-planning');
  life.onEnd(() => rmSync(join(box.folder, '..'), { recursive: true, force: true }));
  writeFileSync(join(box.folder, 'cluster.yaml'), JSON.stringify(clusterFile(addresses)));
  Object.assign(box.env, environment(secretOf));
});

afterAll(() => life.end());

type Addresses = Readonly<Record<(typeof SERVERS)[number] | 'management', string>>;

async function startServers(dataDir: string): Promise<Addresses> {
  const login = (server: string) => ({ username: USER, password: secretOf(server) });
  const { bootstrapServers, stop } = await startKafka({
    dataDir: join(dataDir, 'kafka'),
    sasl: ['PLAIN'],
    users: [{ name: USER, password: secretOf('kafka') }],
  });
  life.onEnd(stop);
  const kafka = { bootstrapServers, sasl: { mechanism: 'plain' as const, ...login('kafka') } };
  const at = { host: HOST, port: 0, log: silentLog };
  const registry = await startSchemaRegistry({ ...at, ...kafka, login: login('registry') });
  life.onEnd(() => registry.stop());
  const connect = await startConnect({ ...at, kafka, login: login('connect') });
  life.onEnd(() => connect.stop());
  const guarded = (server: string, port: number) => {
    const url = new URL(`http://${HOST}:${port}`);
    return { url: Object.assign(url, { username: USER, password: encodeURIComponent(secretOf(server)) }).href };
  };
  const ksqldb = await startKsqldb({
    ...at,
    kafka,
    login: login('ksqldb'),
    schemaRegistry: guarded('registry', registry.port),
    connect: guarded('connect', connect.port),
  });
  life.onEnd(() => ksqldb.stop());
  const amqp = await startAmqp({ dataDir: join(dataDir, 'amqp'), user: USER, password: secretOf('rabbitmq') });
  life.onEnd(() => amqp.stop());
  const postgres = await startPostgres({ dataDir: join(dataDir, 'postgres'), password: secretOf('postgres') });
  life.onEnd(() => postgres.remove());
  const client = await connectPostgres({
    url: `postgres://postgres:${encodeURIComponent(secretOf('postgres'))}@${HOST}:${postgres.port}/postgres`,
  });
  for (const name of ['person', 'accounting', 'planning']) await client.query(`CREATE DATABASE ${name}`);
  await client.close();
  return {
    kafka: bootstrapServers,
    registry: `http://${HOST}:${registry.port}`,
    connect: `http://${HOST}:${connect.port}`,
    ksqldb: `http://${HOST}:${ksqldb.port}`,
    rabbitmq: `${HOST}:${amqp.port}`,
    management: `${HOST}:${amqp.managementPort}`,
    postgres: `${HOST}:${postgres.port}`,
  };
}

const variable = (name: string): string => `PLANTED_${name.toUpperCase().replaceAll('-', '_')}`;
const $ = (name: string): string => `\${${variable(name)}}`;

/** Each secret as it is, and encoded for a URL. */
const environment = (of: (server: string) => string): Record<string, string> =>
  Object.fromEntries(
    [...SERVERS, ...TOKENS].flatMap((name) => [
      [variable(name), of(name)],
      [`${variable(name)}_ENCODED`, encodeURIComponent(of(name))],
    ]),
  );

/** `cluster` logs in by passwords, `tokens` by what these servers refuse. */
function clusterFile({ kafka, registry, connect, ksqldb, rabbitmq, management, postgres }: Addresses): object {
  const basic = (name: string, url: string) => ({ url, username: USER, password: $(name) });
  const inUrl = (name: string, form: string, at: string) => `${form}://${USER}:${$(`${name}-encoded`)}@${at}`;
  const databases = Object.fromEntries(
    ['person', 'accounting', 'planning'].map((name) => [
      name,
      { url: `${inUrl('postgres', 'postgres', postgres).replace(USER, 'postgres')}/${name}` },
    ]),
  );
  const cluster = {
    base: 'cluster',
    kafka: { bootstrapServers: kafka, sasl: { mechanism: 'plain', username: USER, password: $('kafka') } },
    schemaRegistry: basic('registry', registry),
    connect: basic('connect', connect),
    ksqldb: { url: inUrl('ksqldb', 'http', new URL(ksqldb).host) },
    rabbitmq: {
      url: inUrl('rabbitmq', 'amqp', rabbitmq),
      management: inUrl('rabbitmq', 'http', management),
    },
    databases,
  };
  const oauth = { tokenEndpoint: `${registry}/token`, clientId: USER, clientSecret: $('client-secret') };
  const tokens = {
    ...cluster,
    kafka: { bootstrapServers: kafka, sasl: { mechanism: 'oauthbearer', ...oauth } },
    schemaRegistry: { url: registry, token: $('registry-token') },
    connect: { url: connect, token: $('connect-token') },
    ksqldb: { url: ksqldb, token: $('ksqldb-token') },
  };
  return { rabbitmq: { queues: { spare: {} } }, targets: { cluster, tokens } };
}

/** As a process of its own: the servers are in this one. */
async function run(line: string, target = 'cluster'): Promise<Ended> {
  const files = ['-f', 'evpipe.yaml', '-f', 'cluster.yaml', '--target', target, '--verbose', '--timeout', '20s'];
  const ended = await box.run(...line.split(' '), ...files);
  const said = ended.stdout + ended.stderr;
  expect(
    [...said.matchAll(PLANTED)].map(([found]) => found),
    `${line}\n${said}`,
  ).toEqual([]);
  return ended;
}

/** Texts of files below this folder that other users may read; a folder that they may not enter is not looked into. */
function* readableByOthers(folder: string): Generator<readonly [file: string, text: string]> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stats = lstatSync(path);
    if (stats.isDirectory() && (stats.mode & 0o001) !== 0) yield* readableByOthers(path);
    else if (stats.isFile() && (stats.mode & 0o004) !== 0) yield [path, readFileSync(path, 'latin1')];
  }
}

const TOPIC = 'public_person_entity_events';
/** What works with the pipeline while it runs; `env`, whose purpose it is to tell logins, is not among them. */
const LINES = [
  'validate',
  'plan --output json',
  'status',
  'status --output json',
  'doctor',
  'doctor --output json',
  'smoke --junit smoke.xml',
  'verify-consistency --output json --html checks.html --markdown checks.md --findings findings.jsonl',
  'topics',
  `topics describe ${TOPIC}`,
  'groups describe',
  'schemas',
  'connectors',
  'connectors status person-outbox',
  `tail ${TOPIC} -n 5 -e`,
  'graph',
  'report report.html',
  'psql planning -c SELECT\t1',
  'ksql -e SHOW\tCONNECTORS;',
  'dead-letters',
  'compose config',
  'apply',
  'logs --tail 10000',
];

it('no login of a cluster is in what commands print, in logs, command lines, or files that others may read', async () => {
  try {
    const up = await run('up --no-verify');
    expect(up.code, up.stdout + up.stderr).toBe(0);
    for (const line of LINES) await run(line);
    const { stdout } = await run('status --output json');
    const { components } = JSON.parse(stdout) as {
      readonly components: readonly { readonly pid?: number }[];
    };
    const pids = components.flatMap(({ pid }) => pid ?? []);
    expect(pids.length).toBeGreaterThanOrEqual(5);
    for (const pid of pids) expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toMatch(PLANTED);
    const files = [...readableByOthers(box.folder)];
    expect(files.map(([path]) => path)).toContain(join(box.folder, 'report.html'));
    expect(files.filter(([, text]) => text.search(PLANTED) >= 0).map(([path]) => path)).toEqual([]);
  } finally {
    await run('down --volumes --yes');
  }
});

it('and neither in what is said of logins that servers refuse', async () => {
  Object.assign(
    box.env,
    environment((server) => `${secretOf(server)}-wrong`),
  );
  for (const line of [
    'plan',
    'doctor',
    'up --no-verify',
    'status',
    'topics',
    'connectors',
    'schemas',
    'verify-consistency',
  ])
    for (const target of ['cluster', 'tokens']) await run(line, target);
  await run('down --yes');
});
