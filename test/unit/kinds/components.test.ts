import { afterEach, beforeEach, expect, it } from 'vitest';
import { componentsOf } from '../../../src/kinds/kind.js';
import { KINDS } from '../../../src/kinds/table.js';
import { Workspace } from '../pipeline/workspace.js';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

/** What starts for a file with these sections: the first name of each component. */
function started(sections: string): string[] {
  workspace.write('evpipe.yaml', `version: 1\nname: lean\n${sections}`);
  const { pipeline, problems } = workspace.load();
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  if (pipeline === undefined) throw new Error('no pipeline');
  return componentsOf(pipeline, KINDS).map(({ names: [first = ''] }) => first);
}

const SERVICE = (environment: string) => `services: { one: { command: [node, x.js], env: ${environment} } }\n`;

it.each([
  ['RabbitMQ alone', 'rabbitmq: { queues: { q: {} } }\n', ['rabbitmq']],
  ['a service that is told the address of Kafka', SERVICE('{ K: $(kafka.bootstrapServers) }'), ['kafka', 'one']],
  [
    'a service whose configuration file has the address of Connect',
    'services: { one: { command: [node, x.js], files: { one.ini: one.ini.in } } }\n',
    ['connect', 'kafka', 'one'],
  ],
  ['a service that is told the address of RabbitMQ', SERVICE('{ R: $(rabbitmq.url) }'), ['one', 'rabbitmq']],
  [
    'what is on named servers, and nothing beside them',
    `databases: { old: { server: legacy } }\nrabbitmq: { queues: { q: { server: far } } }\n${SERVICE('{ R: $(rabbitmq.far.url) }')}`,
    ['one', 'postgres-legacy', 'postgres/old', 'rabbitmq-far'],
  ],
  [
    'servers with and without a name, and a service that is called like one',
    'databases: { shop: {}, old: { server: legacy, name: shop } }\nservices: { postgres-legacy: { command: [node, x.js] } }\n',
    ['postgres', 'postgres-legacy', 'postgres-legacy', 'postgres/old', 'postgres/shop'],
  ],
  ['a topic', 'topics: { t: { partitions: 1 } }\n', ['kafka']],
  [
    'a subject, and so the Kafka that its registry needs',
    'schemas: { subjects: { s: s.avsc } }\n',
    ['kafka', 'registry'],
  ],
  ['a service alone', SERVICE('{}'), ['one']],
])('%s', (_, sections, components) => {
  workspace.write('s.avsc', '"string"');
  workspace.write('x.js', '');
  workspace.write('one.ini.in', 'connect=$(connect.url)\n');
  expect(started(sections).sort()).toEqual(components);
});

it('Connect where a ksql migration creates a connector, and not where none does', () => {
  const sections = 'databases: { shop: { migrations: sql/person } }\nksqldb: { migrations: streams }\n';
  workspace.write('streams/V000001__one.sql', 'CREATE TYPE word AS STRUCT<a VARCHAR>;\n-- CREATE SOURCE CONNECTOR x\n');
  expect(started(sections)).not.toContain('connect');
  workspace.write(
    'streams/V000002__two.sql',
    `CREATE SOURCE CONNECTOR \`shop\` WITH ('connector.class' = 'io.debezium.connector.postgresql.PostgresConnector',
       'database.dbname' = 'shop', 'topic.prefix' = 'shop');`,
  );
  expect(started(sections)).toContain('connect');
});
