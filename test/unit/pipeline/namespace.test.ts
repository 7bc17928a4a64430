import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readKsqlFiles } from '../../../src/kinds/ksqldb/ksql-files.js';
import { textOf, Workspace } from './workspace.js';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const SHARED = 'targets: { shared: { namespace: ann } }\n';
const inShared = (overlay = '', files: Readonly<Record<string, string>> = {}) => {
  for (const [path, text] of Object.entries(files)) workspace.write(path, text);
  return workspace.loadWith(`${SHARED}${overlay}`, { target: 'shared' });
};

it('puts the namespace in front of all that servers are shared by', () => {
  const { pipeline, problems } = inShared();
  expect(problems).toEqual([]);
  expect(pipeline?.name).toBe('ann-person-planning');
  expect(pipeline?.stateFolder).toMatch(/\.evpipe\/ann-person-planning$/);
  expect(pipeline?.topics.map(({ name }) => name)).toContain('ann_public_person_entity_events');
  expect(pipeline?.subjects.map(({ name }) => name)).toContain('ann_public_person_entity_events-value');
  const outbox = pipeline?.connectors.find(({ name }) => name === 'ann_person-outbox');
  expect(outbox?.produces).toEqual(['ann_public_person_entity_events']);
  expect(outbox?.config).toMatchObject({
    'slot.name': 'evpipe_ann_person_planning_person_outbox',
    'publication.name': 'evpipe_ann_person_planning_person_outbox',
    'topic.prefix': 'ann_person_planning_person_outbox',
  });
  const consumer = pipeline?.services.find(({ name }) => name === 'planning-person-consumer');
  expect(consumer?.consumes).toEqual({ group: 'ann_planning-person', topics: ['ann_public_person_entity_events'] });
  expect(consumer?.env).toMatchObject({ GROUP: 'ann_planning-person', TOPIC: 'ann_public_person_entity_events' });
  expect(pipeline?.databases.map(({ name }) => name)).toEqual(['person', 'accounting', 'planning']);
});

it('names streams in ksql migrations, and leaves their columns as they are', () => {
  const { pipeline } = inShared();
  const texts = pipeline === undefined ? [] : readKsqlFiles(pipeline).map(({ text }) => text);
  expect(texts[0]).toContain('CREATE STREAM ANN_BALANCE_SHEET_ROWS (`key` VARCHAR KEY)');
  expect(texts[0]).toContain("KAFKA_TOPIC = 'ann_private_accounting_bal_sheet_cdc'");
  expect(texts[1]).toContain('FROM ANN_BALANCE_SHEET_ROWS AS BALANCE_SHEET_ROWS\nEMIT CHANGES');
});

it('gives the connectors of ksql migrations the slots that the file would give them', () => {
  const { pipeline, problems } = workspace.loadWith(SHARED, { target: 'shared', profiles: ['ksql-connectors'] });
  expect(problems).toEqual([]);
  const [outbox] = pipeline === undefined ? [] : readKsqlFiles(pipeline);
  expect(outbox?.statements[0]?.effects.creates).toMatchObject({
    name: 'ann_person-outbox',
    config: { 'slot.name': 'evpipe_ann_person_planning_person_outbox' },
  });
});

it('names types and queries in ksql migrations, and tells services what a table is called', () => {
  const more = `CREATE TYPE line AS STRUCT<amount INT>;
CREATE STREAM lines (line LINE) WITH (KAFKA_TOPIC = '$(topics.public_balance_sheet_entity_events.name)', FORMAT = 'JSON');
CREATE TABLE sums WITH (KAFKA_TOPIC = '$(topics.public_balance_sheet_entity_events.name)', QUERY_ID = 'sum')
  AS SELECT line, COUNT(*) FROM lines GROUP BY line;
`;
  const overlay = `services: { person: { env: { VIEW: $(streams.SUMS.name) } } }
checks:
  seen:
    stages: { topic: public_balance_sheet_entity_events, field: a, transitions: [[1, 2]], final: [2], within: 1s, view: { ksqldb: SUMS, key: LINE, status: A } }
`;
  const { pipeline, problems } = inShared(overlay, { 'ksql/V000003__more.sql': more });
  expect(problems.filter(({ code }) => code === 'written-out' || /reference/.test(code))).toEqual([]);
  const text = pipeline === undefined ? '' : readKsqlFiles(pipeline)[2]?.text;
  expect(text).toContain('CREATE TYPE ANN_LINE AS STRUCT<amount INT>');
  expect(text).toContain('CREATE STREAM ANN_LINES (line ANN_LINE)');
  expect(text).toContain("QUERY_ID = 'ANN_SUM'");
  expect(pipeline?.services.find(({ name }) => name === 'person')?.env.VIEW).toBe('ANN_SUMS');
  expect(pipeline?.checks.find(({ name }) => name === 'seen')).toMatchObject({ view: { ksqldb: 'ANN_SUMS' } });
});

it.each([
  ['customer-replication', []],
  ['customer-replication', ['production-like']],
  ['monolith-split', []],
  ['notification-hub', []],
  ['person-planning', []],
  ['person-planning', ['ksql-connectors']],
  ['pizza-orders', []],
  ['pizza-orders', ['plain']],
])('reaches every name of %s with profiles %j', (name, profiles) => {
  const other = new Workspace(name);
  try {
    expect(other.loadWith(SHARED, { target: 'shared', profiles }).problems.map(textOf)).toEqual([]);
  } finally {
    other.remove();
  }
});

it('replaces the names of topics in the SQL of a check, and refuses addresses there', () => {
  const check = (reference: string) => `checks: { none: { database: person, rows: "select '$(${reference})'" } }\n`;
  const { pipeline } = inShared(check('topics.public_person_entity_events.name'));
  expect(pipeline?.checks.find(({ name }) => name === 'none')).toMatchObject({
    query: "select 'ann_public_person_entity_events'",
  });
  expect(inShared(check('kafka.bootstrapServers')).problems.map(textOf)).toContainEqual(
    expect.stringMatching(
      /overlay.yaml:2:\d+ error unknown-reference: .*does not work in checks: only names on servers/,
    ),
  );
});

it('leaves every name as it is without a namespace', () => {
  const { pipeline } = workspace.load();
  expect(pipeline?.name).toBe('person-planning');
  expect(pipeline?.services.find(({ name }) => name === 'person')?.env.TOPIC).toBe('public_person_entity_events');
  const [first] = pipeline === undefined ? [] : readKsqlFiles(pipeline);
  expect(first?.text).toContain('CREATE STREAM balance_sheet_rows');
});

it('gives RabbitMQ its own names, and keeps the ones that RabbitMQ has itself', () => {
  const hub = new Workspace('notification-hub');
  try {
    const overlay = `${SHARED}rabbitmq: { exchanges: { amq.topic: { type: topic } }, bindings: [{ exchange: users, queue: user-notifications, key: user.created }, { exchange: amq.topic, queue: user-notifications, key: a }] }\n`;
    const { pipeline, problems } = hub.loadWith(overlay, { target: 'shared' });
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(pipeline?.rabbitmq?.exchanges.map(({ name }) => name)).toEqual(['ann_users', 'amq.topic']);
    expect(pipeline?.rabbitmq?.queues[0]).toMatchObject({
      name: 'ann_user-notifications',
      arguments: { 'x-dead-letter-routing-key': 'ann_user-notifications-dead' },
    });
    expect(pipeline?.rabbitmq?.bindings[1]).toMatchObject({ exchange: 'amq.topic', queue: 'ann_user-notifications' });
    // Mails of the one are not those of the other.
    const mails = (one: typeof pipeline) => one?.services.find(({ name }) => name === 'notification')?.env.MAIL_FOLDER;
    expect(mails(pipeline)).toBe('.evpipe/ann-notification-hub/mails');
    expect(mails(hub.load().pipeline)).toBe('.evpipe/notification-hub/mails');
  } finally {
    hub.remove();
  }
});

it('refuses a namespace that could be the beginning of another name', () => {
  const { problems } = workspace.loadWith('targets: { shared: { namespace: ann_b } }\n', { target: 'shared' });
  expect(problems.map(textOf)).toContainEqual(
    expect.stringMatching(/overlay.yaml:1:22 error wrong-value: targets.shared.namespace: a namespace begins with/),
  );
});

describe('names that are written out, which a namespace would not reach', () => {
  const CASES = [
    {
      name: 'a group and a topic in the code of a service',
      overlay: 'services: { planning-person-consumer: { env: { GROUP: planning-person, TOPIC: null } } }\n',
      found: [/evpipe.yaml:\d+:\d+ error written-out: group planning-person in service planning-person-consumer/],
    },
    {
      name: 'a topic that a column of an outbox names',
      overlay: 'services: { person: { env: { TOPIC: public_person_entity_events } } }\n',
      found: [/evpipe.yaml:\d+:\d+ error written-out: topic public_person_entity_events in service person/],
    },
    {
      name: 'a topic and a slot in the config of a connector',
      overlay: `connectors:
  accounting-cdc:
    config:
      slot.name: mine
      transforms.reroute.topic.replacement: private_accounting_bal_sheet_cdc
`,
      found: [
        /overlay.yaml:5:7 error written-out: connector accounting-cdc: slot.name/,
        /overlay.yaml:6:7 error written-out: connector accounting-cdc: topic private_accounting_bal_sheet_cdc in transforms/,
      ],
    },
    {
      name: 'topics in ksql',
      files: {
        'ksql/V000003__more.sql': `
CREATE STREAM a WITH (KAFKA_TOPIC='public_balance_sheet_entity_events') AS SELECT * FROM balance_sheet_rows EMIT CHANGES;
CREATE STREAM b WITH (KAFKA_TOPIC='elsewhere') AS SELECT * FROM balance_sheet_rows EMIT CHANGES;
`,
      },
      found: [
        /V000003__more.sql:2:35 error written-out: topic public_balance_sheet_entity_events/,
        /V000003__more.sql:3:1 error written-out: topic elsewhere of stream B/,
      ],
    },
    {
      name: 'a topic in the SQL of a check',
      overlay: `checks: { none: { database: person, rows: "select 'public_person_entity_events'" } }\n`,
      found: [/overlay.yaml:\d+:\d+ error written-out: topic public_person_entity_events/],
    },
    {
      name: 'a topic in SQL',
      files: { 'sql/person/V000002__topic.sql': "SELECT\n  'public_person_entity_events';\n" },
      found: [/V000002__topic.sql:2:3 error written-out: topic public_person_entity_events/],
    },
  ];
  it.each(CASES)('$name', ({ overlay = '', files = {}, found }) => {
    const { pipeline, problems } = inShared(overlay, files as Record<string, string>);
    expect(pipeline).toBeUndefined();
    const written = problems.filter(({ code }) => code === 'written-out').map(textOf);
    for (const one of found) expect(written).toContainEqual(expect.stringMatching(one));
    expect(workspace.loadWith(overlay).problems.filter(({ code }) => code === 'written-out')).toEqual([]);
  });
});
