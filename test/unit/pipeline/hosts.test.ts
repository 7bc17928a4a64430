import { afterEach, beforeEach, expect, it } from 'vitest';
import { textOf, Workspace } from './workspace.js';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const OVERLAY = `
stores: { sessions: { kind: cache } }
services:
  person:
    env:
      BROKERS: kafka:9092
      DB_HOST: postgres
      OTHER: http://accounting:8002/api
      REDIS_URL: redis://redis:6379/0
      TIME: 12:30:00
      IMAGE: postgres:16
      KEY: planning:1001
      DOCS: https://example.org/connect:8083
      MINE: $(kafka.bootstrapServers)
    envFile: person.env
    files: { app.ini: app.ini.in }
jobs:
  once: { command: [sh, -c, 'curl http://localhost:8083/connectors'] }
connectors:
  accounting-cdc: { config: { value.converter.schema.registry.url: "http://schema-registry:8081" } }
`;

const written = (options = {}): readonly string[] => {
  const { problems } = workspace.loadWith(OVERLAY, options);
  return problems.filter(({ code }) => code === 'host-written').map((one) => `${textOf(one)} ${one.todo}`);
};

it('finds them in ksqlDB statements, and in the modules and scripts that services run', () => {
  workspace.write(
    'services/desk.ts',
    [
      "import { send } from './lib/send.js';",
      '// kafka:9092 is where it was',
      "const brokers = process.env.KAFKA ?? 'localhost:9092';",
      "send({ host: 'postgres', brokers: ['kafka:9092'], at: `http://accounting:8002/x` });",
    ].join('\n'),
  );
  workspace.write(
    'services/lib/send.ts',
    "export const send = (_: unknown) => fetch('http://localhost:8083/connectors');\n",
  );
  workspace.write(
    'services/worker.py',
    'import os\nconnect(host="db", port=5432)\nbroker = os.environ.get("B", "kafka:9092")\n',
  );
  workspace.write('ksql/V000099__s.sql', "SET 'bootstrap' = 'broker:9092';\n");
  const { problems } = workspace.loadWith(`
services:
  desk: { module: services/desk.ts }
  worker: { command: [python3, worker.py], cwd: services }
ksqldb: { migrations: ksql }
`);
  const found = problems.filter(
    ({ code, location }) => code === 'host-written' && !/^(app|sql|person)/.test(location.file),
  );
  expect(found.map((one) => `${textOf(one).replace(/ warning host-written: (\S+) .*/, ' $1')} ${one.todo}`)).toEqual([
    'ksql/V000099__s.sql:1:20 broker:9092 Use $(kafka.bootstrapServers).',
    'services/desk.ts:4:15 postgres Hand it in by the environment: env: { ADDRESS: $(databases.person.url) }.',
    'services/desk.ts:4:37 kafka:9092 Hand it in by the environment: env: { ADDRESS: $(kafka.bootstrapServers) }.',
    'services/desk.ts:4:63 accounting:8002 Hand it in by the environment: env: { ADDRESS: $(services.accounting.url) }.',
    'services/lib/send.ts:1:51 localhost:8083 Hand it in by the environment: env: { ADDRESS: $(connect.url) }.',
    'services/worker.py:2:15 db Hand it in by the environment: env: { ADDRESS: $(databases.person.url) }.',
  ]);
});

beforeEach(() => {
  workspace.write('person.env', 'KAFKA=broker:29092,broker:29093\n');
  workspace.write('app.ini.in', '[db]\nurl = postgres://me:secret@db/person\nname = the host database\n');
  workspace.write(
    'sql/person/V000009__link.sql',
    "CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'postgres', dbname 'x');\n",
  );
});

it('finds addresses of containers in environments, commands, connectors, templates, variable files and SQL, and says what to write', () => {
  const told = 'is an address written out: the embedded target has its servers elsewhere';
  expect(written()).toEqual([
    `app.ini.in:2:28 warning host-written: db ${told} Use $(databases.person.url).`,
    `overlay.yaml:6:16 warning host-written: kafka:9092 ${told} Use $(kafka.bootstrapServers).`,
    `overlay.yaml:7:16 warning host-written: postgres ${told} Use $(databases.person.url).`,
    `overlay.yaml:8:14 warning host-written: accounting:8002 ${told} Use $(services.accounting.url).`,
    `overlay.yaml:9:18 warning host-written: redis:6379 ${told} Use $(stores.sessions.url).`,
    `overlay.yaml:18:29 warning host-written: localhost:8083 ${told} Use $(connect.url).`,
    `overlay.yaml:20:68 warning host-written: schema-registry:8081 ${told} Use $(schemaRegistry.url).`,
    `person.env:1:7 warning host-written: broker:29092 ${told} Use $(kafka.bootstrapServers).`,
    `person.env:1:20 warning host-written: broker:29093 ${told} Use $(kafka.bootstrapServers).`,
    `sql/person/V000009__link.sql:1:70 warning host-written: postgres ${told} Use $(databases.person.url).`,
  ]);
});

it('says nothing where they may mean something: in containers, and on clusters', () => {
  expect(written({ target: 'compose' })).toEqual([]);
  expect(written({ target: 'cluster' })).toEqual([]);
});
