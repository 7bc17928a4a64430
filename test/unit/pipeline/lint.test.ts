import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { textOf, Workspace } from './workspace.js';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

/** What is merged over person-planning, and the problems that this makes; `files` are written first. */
interface Case {
  readonly name: string;
  readonly overlay: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly profiles?: readonly string[];
  readonly target?: string;
  readonly found: readonly RegExp[];
}

const SLOT = 'evpipe_person_planning_person_outbox';

const CASES: readonly Case[] = [
  // references
  {
    name: 'a reference to what nobody has',
    overlay: 'services:\n  person:\n    env: { A: $(databases.persn.url), B: $(kafka.url), C: $(response.id) }\n',
    found: [
      /^overlay.yaml:3:15 error dangling-reference: .*there is no database persn, did you mean person\?/,
      /^overlay.yaml:3:42 error unknown-reference: \$\(kafka.url\) refers to nothing/,
      /^overlay.yaml:3:59 error unknown-reference: .*only works in smoke/,
    ],
  },
  {
    name: 'a reference in a SQL file, and other things with a bracket',
    files: {
      'sql/person/V000002__more.sql': "SELECT 'x';\nSELECT '$(databases.person.urll)', '$(date)', '$(a b.c)';\n",
    },
    overlay: '{}',
    found: [/^sql\/person\/V000002__more.sql:2:9 error unknown-reference: .*did you mean databases.person.url\?/],
  },
  // dangling names
  {
    name: 'names that nothing is called by',
    overlay: `
services:
  person: { outbox: { database: persons } }
  planning-person-consumer: { consumes: { topics: [public_person_entity_event] } }
seed: { persons: { service: persn } }
checks: { persons: { replica: { database: plannin } } }
smoke: { a-new-person-reaches-planning: { request: { service: nobody } } }
connectors: { person-outbox: { produces: [public_persons] } }
targets: { t: { databases: { prson: embedded } } }
`,
    found: [
      /^overlay.yaml:3:23 error dangling-reference: there is no database persons, did you mean person\?/,
      /^overlay.yaml:4:52 error dangling-reference: there is no topic public_person_entity_event, did you mean public_person_entity_events\?/,
      /^overlay.yaml:5:20 error dangling-reference: there is no service persn, did you mean person\?/,
      /^overlay.yaml:6:33 error dangling-reference: there is no database plannin, did you mean planning\?/,
      /^overlay.yaml:7:54 error dangling-reference: there is no service nobody/,
      /^overlay.yaml:8:43 error dangling-reference: there is no topic public_persons/,
      /^overlay.yaml:9:30 error dangling-reference: there is no database prson, did you mean person\?/,
    ],
  },
  {
    name: 'a connector that no migration makes',
    overlay: 'connectors: { person-outbox: { config: null } }\n',
    found: [/error connector-unmade: connector person-outbox has no config/],
  },
  {
    name: 'a connector that ksqlDB writes in capitals',
    overlay: 'connectors: { person_outbox: { database: person, produces: [public_person_entity_events] } }\n',
    files: { 'ksql/V000003__c.sql': "CREATE SOURCE CONNECTOR person_outbox WITH ('connector.class' = 'x');\n" },
    target: 'compose',
    found: [
      /:1:15 error connector-unmade: connector person_outbox is created by no migration: there it is called PERSON_OUTBOX/,
    ],
  },
  // stores
  {
    name: 'sides of a check that are nowhere, in two places, or in what holds no documents',
    overlay: `
stores: { docs: { kind: documents }, cache: { kind: cache } }
services:
  person: { env: { A: $(stores.docs.url), B: $(stores.cache.url), C: $(stores.doc.url) } }
  planning-person-consumer: { writes: { store: nobody, collections: [x], database: null, tables: null } }
checks:
  both: { source: { database: person, table: person_person, store: docs, collection: c }, replica: { store: docs }, key: [id] }
  where: { source: { database: person, table: person_person, where: { a: 1 } }, replica: { store: docs, collection: c, where: not a }, key: [id] }
  cached: { source: { database: person, table: person_person }, replica: { store: cache, collection: c }, key: [id], through: [] }
  fields: { source: { store: docs, collection: a }, replica: { store: docs, collection: b }, key: [after.id, x..y], through: [] }
`,
    found: [
      /:4:7\d error dangling-reference: \$\(stores.doc.url\): there is no store doc, did you mean docs\?/,
      /:5:\d+ error dangling-reference: there is no store nobody/,
      /:7:\d+ error check-place: check both: the source needs database and table \(or query\), or .*; it has several/,
      /:7:\d+ error check-place: check both: the replica needs store and collection/,
      /:8:\d+ error check-place: check where: the source has columns, so its where must be SQL/,
      /:8:\d+ error check-place: check where: the replica has fields, so its where must be \{ field: value \}/,
      /:9:\d+ error store-kind: store cache is a cache, which holds no documents/,
      /:10:\d+ error check-columns: check fields: "x..y" is not a valid name of a field/,
      /:10:\d+ error check-columns: check fields needs columns/,
    ],
  },
  // topics
  {
    name: 'topics that Kafka does not take, or that the target cannot hold',
    overlay: `
topics:
  "a/b": {}
  a.b: { replication: 3 }
  a_b: { config: { min.insync.replicas: 2 } }
services: { person: { produces: [a/b, a.b, a_b] } }
`,
    found: [
      /:3:3 error special-characters: topic a\/b/,
      /:4:10 error replication: topic a.b wants 3 replicas; target embedded has 1 broker/,
      /:5:3 error topic-collision: topics a.b and a_b/,
      /:5:20 warning replication: .*min.insync.replicas 2/,
    ],
  },
  {
    name: 'topic settings that Kafka refuses',
    overlay: `
topics:
  set:
    config:
      retention.ms: week
      clenup.policy: compact
      cleanup.policy: compact,delete
services: { person: { produces: [set] } }
`,
    found: [
      /:5:7 error topic-config: topic set: Invalid value week for configuration retention.ms: Not a number of type LONG/,
      /:6:7 error topic-config: topic set: Kafka has no setting clenup.policy, did you mean cleanup.policy\?/,
    ],
  },
  {
    name: 'a topic setting of another broker than Apache Kafka',
    overlay: `
targets: { cloud: { kafka: { bootstrapServers: "broker:9092" } } }
topics: { public_person_entity_events: { config: { confluent.value.schema.validation: true } } }
`,
    target: 'cloud',
    found: [/:3:\d+ warning topic-config: .*Kafka has no setting confluent.value.schema.validation/],
  },
  {
    name: 'replication on a cluster, which is its own business',
    overlay: 'topics: { public_person_entity_events: { replication: 3 } }\n',
    target: 'cluster',
    found: [],
  },
  // schemas
  {
    name: 'subjects that nobody looks for, and schemas that are none',
    files: {
      's/bad.avsc': '{"type": "record",\n "name": "x" "fields": []}',
      's/none.avsc': '{"type": "record", "name": "x",\n  "fields": [{"name": "a", "type": "strin"}]}',
    },
    overlay: `
schemas:
  subjects:
    public_person_entity_events: schemas/person-event.avsc
    orders-value: schemas/person-event.avsc
    Person: schemas/person-event.avsc
    a/b-value: schemas/person-event.avsc
    public_person_entity_events-key: s/bad.avsc
    private_accounting_bal_sheet_cdc-key: s/none.avsc
    public_balance_sheet_entity_events-key: s/missing.avsc
`,
    found: [
      /^overlay.yaml:4:5 error subject-name: .*did you mean public_person_entity_events-value\?/,
      /:5:5 warning subject-without-topic: subject orders-value: there is no topic orders/,
      /:6:5 warning subject-name: subject Person ends neither/,
      /:7:5 warning special-characters/,
      /:10:5 error file-missing: .*there is no file s\/missing.avsc/,
      /^s\/bad.avsc:2:\d+ error schema-invalid: s\/bad.avsc is not valid JSON/,
      /^s\/none.avsc:2:\d+ error schema-invalid: s\/none.avsc is not a valid Avro schema: .*strin/,
    ],
  },
  {
    name: 'a logical type that Avro ignores',
    files: {
      's/day.avsc':
        '{"type": "record", "name": "x", "fields": [\n  {"name": "day", "type": "int", "logicalType": "date"}]}',
    },
    overlay: 'schemas: { subjects: { public_person_entity_events-key: s/day.avsc } }\n',
    found: [/^s\/day.avsc:2:34 warning logical-type: logicalType of field day is next to its type/],
  },
  // migrations
  {
    name: 'migrations in an order that their names do not mean',
    files: {
      'sql/v/V1__a.sql': 'SELECT 1',
      'sql/v/V10__c.sql': 'SELECT 1',
      'sql/v/V2__b.sql': 'SELECT 1',
      'sql/v/V2__b2.sql': 'SELECT 1',
      'ksql/more.sql': 'SHOW STREAMS;',
    },
    overlay: 'databases: { person: { migrations: sql/v }, planning: { migrations: sql/nowhere } }\n',
    found: [
      /:1:24 error migration-order: V10__c.sql would run before V1__a.sql/,
      /:1:24 error migration-order: V2__b.sql and V2__b2.sql have the same version/,
      /:1:57 error file-missing: there is no folder sql\/nowhere/,
      /error migration-name: more.sql is not named/,
    ],
  },
  {
    name: 'ksql that does not parse',
    files: { 'ksql/V000003__x.sql': 'SHOW STREAMS;\nCREATE STREM x AS SELECT * FROM y;\n' },
    overlay: '{}',
    found: [/^ksql\/V000003__x.sql:2:\d+ error ksql-syntax/],
  },
  {
    name: 'ksql that infers columns from a subject, and reads a topic, that nobody declares',
    files: {
      'ksql/V000003__x.sql':
        "CREATE STREAM x (k VARCHAR KEY) WITH (KAFKA_TOPIC = 'elsewhere', VALUE_FORMAT = 'AVRO');\n",
    },
    overlay: '{}',
    found: [
      /^ksql\/V000003__x.sql:1:1 warning columns-not-declared: .*elsewhere-value/,
      /^ksql\/V000003__x.sql:1:1 warning topic-not-declared: topic elsewhere/,
    ],
  },
  // connectors
  {
    name: 'two connectors on one slot, publication and prefix',
    overlay: `
connectors:
  second:
    database: person
    produces: [public_person_entity_events]
    config:
      connector.class: io.debezium.connector.postgresql.PostgresConnector
      table.include.list: public.person_person
      slot.name: ${SLOT}
      publication.name: ${SLOT}
      topic.prefix: person_planning_person_outbox
checks: { persons: { through: [person-outbox] } }
`,
    found: [
      /:9:7 error connector-shared-name: slot.name .* is also used by connector person-outbox: two connectors on one slot lose events/,
      /:10:7 error connector-shared-name: publication.name/,
      /:11:7 error connector-shared-name: topic.prefix/,
    ],
  },
  {
    name: 'a connector that cannot be fenced, with an old spelling, a bad slot and a secret',
    overlay: `
connectors:
  person-outbox:
    config:
      slot.name: Person-Outbox
      heartbeat.interval.ms: 0
      message.prefix.exclude.list: other
      database.server.name: p
      database.password: hunter2
      table.include.list: events_outboxitem
      heartbeat.topics.prefix: beats
checks: { persons: { through: [] } }
`,
    found: [
      /:3:3 warning connector-unfenced: .*lacks heartbeat.interval.ms=1000 and message.prefix.exclude.list=evpipe/,
      /:5:7 error slot-name: slot.name Person-Outbox/,
      /:8:7 warning connector-old-spelling: database.server.name is Debezium 1.9; since 2.0 it is topic.prefix/,
      /:9:7 warning password-in-clear: database.password holds a secret in clear text$/,
      /:10:7 error table-without-schema: .*did you mean public.events_outboxitem\?/,
      /:11:7 warning connector-old-spelling: heartbeat.topics.prefix is Debezium 1.9; since 2.0 it is topic.heartbeat.prefix/,
    ],
  },
  {
    name: 'transforms and converters that heartbeats would break',
    overlay: `
connectors:
  person-outbox: { config: { value.converter.delegate.converter.type: null } }
  accounting-cdc:
    config:
      transforms.reroute.predicate: null
      transforms.extractKey.negate: null
      transforms.extractKey.predicate: nothing
      transforms.stray.type: x
      transforms: reroute,extractKey,unwrap,empty
`,
    found: [
      /error converter-without-delegate: value.converter can't write heartbeats/,
      /error transform-sees-heartbeats: transform reroute sees heartbeats too: it would send them to private_accounting_bal_sheet_cdc/,
      /error transform-sees-heartbeats: transform extractKey sees heartbeats too: their key has no field id/,
      /:8:7 error predicate-unknown: .*there is no predicate nothing/,
      /:9:7 warning transform-unlisted: transform stray/,
      /:10:7 error transform-type-missing: transform empty has no transforms.empty.type/,
    ],
  },
  {
    name: 'a connector that the embedded Connect does not have',
    overlay:
      'connectors: { person-outbox: { config: { connector.class: io.debezium.connector.postgresql.PostgressConnector } } }\n',
    found: [
      /:1:42 error connector-class-unknown: the embedded Connect has no .*did you mean io.debezium.connector.postgresql.PostgresConnector\?/,
    ],
  },
  // services
  {
    name: 'options of connectors that Connect would refuse or not read',
    overlay: `
connectors:
  person-outbox:
    config:
      slot.nmae: other
      snapshot.mode: sometimes
      tasks.max: some
      heartbeat.interval.ms: ${'${BEAT:-x}'}
      transforms: outbox,lower
      transforms.lower.type: org.apache.kafka.connect.transforms.RegexRooter
      something.quite.different: 1
`,
    found: [
      /:3:3 warning connector-unfenced: /,
      /:5:7 error connector-option: connector person-outbox: Connect knows no option slot.nmae, and would not read it, did you mean slot.name\?/,
      /:6:7 error connector-option: .*'snapshot.mode' value is invalid: Value must be one of initial, always, /,
      /:7:7 error connector-option: .*Invalid value some for configuration tasks.max/,
      /:8:7 error connector-option: .*'heartbeat.interval.ms' value is invalid: An integer is expected/,
      /:8:7 error connector-option: .*Invalid value x for configuration heartbeat.interval.ms/,
      /:10:7 error connector-class-unknown: .*the embedded Connect has no transform .*RegexRooter, did you mean .*RegexRouter\?/,
      /:11:7 warning connector-option: .*Connect knows no option something.quite.different/,
    ],
  },
  {
    name: 'services that cannot run side by side',
    overlay: `
services:
  person: { module: services/persons.ts, env: { OTHER: $(services.accounting.url) } }
  accounting: { port: 8003, env: { OTHER: $(services.person.url), PORT: 1 } }
  planning: { command: [./run.sh], module: null }
  planning-person-consumer: { consumes: { group: planning-balance-sheet }, env: { GROUP: planning-balance-sheet } }
`,
    found: [
      /:3:13 error file-missing: service person: there is no file services\/persons.ts/,
      /:3:42 error start-up-cycle: .*person → accounting → person/,
      /:4:67 warning environment-name: PORT is set by evpipe/,
      /:5:15 error file-missing: service planning: there is no file .\/run.sh/,
      /error port-clash: port 8003 of service planning is also declared for service accounting/,
      /warning group-shared: group planning-balance-sheet is also used by service planning-person-consumer/,
    ],
  },
  {
    name: 'seeds whose files cannot be read as they are meant',
    files: {
      'data/persons.csv': 'id,first_nam,last_name,date_of_birth\n',
      'data/twice.csv': 'id,id\n',
      'data/empty.csv': '',
      'data/lines.jsonl': '{"key": "a", "value": 1}\n{"key": "a"\n\n{"key": "b"}\n{"value": 1, "vlaue": 2}\n',
    },
    overlay: `
seed:
  somewhere: { sql: data/all.sql }
  missing: { sql: data/all.sql, database: person }
  columns: { csv: data/persons.csv, into: { database: person, table: person_person } }
  twice: { csv: data/twice.csv, into: { database: person, table: person_person } }
  empty: { csv: data/empty.csv, into: { database: person, table: person_person } }
  lines: { jsonl: data/lines.jsonl, topic: public_person_entity_events }
  balance-sheets: { values: { person_id: { from: columns } } }
`,
    found: [
      /:3:3 error seed-database: seed somewhere needs database/,
      /:4:14 error file-missing: seed missing: there is no file data\/all.sql/,
      /persons.csv:1:1 error seed-header: .* has no column first_nam, did you mean first_name\?/,
      /twice.csv:1:1 error seed-header: .*id is named twice/,
      /empty.csv:1:1 error seed-header: .*must name the columns/,
      /lines.jsonl:2:1 error seed-line: seed lines: the line is not valid JSON/,
      /lines.jsonl:4:1 error seed-line: .*needs the form/,
      /lines.jsonl:5:1 error seed-line: .*has "vlaue"/,
      /:9:31 error seed-value: .*draws from columns, whose ids are not made here/,
    ],
  },
  {
    name: 'a gateway whose routes lead nowhere',
    overlay: `
gateway: { port: 8001, routes: { /: person, /people: persn, /people/: person, here: person, /health: planning, /c: planning-person-consumer } }
services: { person: { env: { FRONT: $(gateway.url) } }, gateway: { command: [node] } }
`,
    found: [
      /:2:12 error port-clash: port 8001 of the gateway is also declared for service person/,
      /:2:45 error dangling-reference: there is no service persn, did you mean person\?/,
      /:2:61 error gateway-route: route \/people\/ is the same as \/people/,
      /:2:79 error gateway-route: a route is a path such as \/api\/v1, not "here"/,
      /:2:93 error gateway-route: GET \/health is reserved for the gateway's own/,
      /:2:112 error service-without-port: service planning-person-consumer has no port, but route \/c of the gateway leads to it/,
      /:3:23 error start-up-cycle: these wait for each other: person → person/,
      /:3:57 error gateway-name/,
    ],
  },
  {
    name: 'routes of a gateway whose parts do not go together, beside good ones',
    overlay: `
gateway:
  port: 8080
  routes:
    /none: { strip: true }
    /both: { service: person, files: . }
    /twice: { service: person, strip: true, rewrite: /api }
    /static: { files: services, timeout: 5s }
    /gone: { files: no-such-folder }
    /bad: { service: person, rewrite: api, headers: { request: { Upgrade: h2c, X-A: "a\\nb" }, response: { "X A": b, X-B: "" } } }
    /typo: { service: person, stirp: true }
    /good: { service: person, strip: true, timeout: 5s, headers: { request: { Host: shop.example } } }
`,
    found: [
      /:5:5 error gateway-route: route \/none needs either service or files/,
      /:6:5 error gateway-route: route \/both needs either service or files/,
      /:7:5 error gateway-route: route \/twice has strip and rewrite/,
      /:8:5 error gateway-route: route \/static serves files: strip, rewrite, request headers and timeout/,
      /:9:14 warning gateway-files: there is no folder .*no-such-folder/,
      /:10:30 error gateway-route: rewrite is a path such as \/api\/v2, not "api"/,
      /:10:66 error gateway-header: the gateway sets Upgrade by itself/,
      /:10:80 error gateway-header: the value of X-A must be printable ASCII/,
      /:10:107 error gateway-header: a header's name has letters.*"X A"/,
      /:10:117 error gateway-header: the value of X-B must be printable ASCII, and not empty/,
      /:11:31 error unknown-key: .*stirp, did you mean strip\?/,
    ],
  },
  {
    name: 'jobs that nothing can wait for, and ready in too many ways',
    overlay: `
jobs:
  person: { command: [x] }
  migrate: { command: [x], inputs: [nothing.txt], after: [planing], before: [accounting-cdc, persons] }
  first: { command: [x], after: [second] }
  second: { command: [x], before: [first], after: [first] }
services:
  person: { needs: [migrat], ready: { tcp: true } }
  accounting: { ready: { http: null, log: "[" } }
  planning: { ready: { http: null, command: [x], host: localhost } }
  planning-person-consumer: { env: { PORT_OF_ALL: $(services.self.port) }, ready: { tcp: true } }
connectors: { person-outbox: { config: { a: $(services.self.port) } } }
`,
    found: [
      /:12:42 warning connector-option: connector person-outbox: Connect knows no option a, and would not read it/,
      /:3:3 error job-name: job person has the same name as a service/,
      /:4:37 error file-missing: job migrate: there is no nothing.txt/,
      /:4:59 error dangling-reference: there is no service or job planing, did you mean planning\?/,
      /:4:\d+ error dangling-reference: there is no service, job or connector persons, did you mean person\?/,
      /:5:3 error start-up-cycle: these wait for each other: first → second → first/,
      /:8:21 error dangling-reference: there is no service or job migrat, did you mean migrate\?/,
      /:8:30 error service-ready: ready of service person needs one of http, tcp, log and command/,
      /:9:38 error service-ready: \[ is not a valid regular expression/,
      /:10:15 error service-ready: host, headers and expect go with http/,
      /:11:76 error service-without-port: service planning-person-consumer has no port, but ready is asked over TCP/,
      /:12:45 error unknown-reference: \$\(services.self.port\) only works in services/,
    ],
  },
  {
    name: 'a gateway that a target has elsewhere, and the file nowhere',
    overlay: '\ntargets: { live: { gateway: { url: "http://shop:8080" } } }\n',
    found: [/:2:20 error dangling-reference: there is no gateway gateway/],
  },
  {
    name: 'services that run nothing, or half an outbox',
    overlay: `
services:
  nothing: {}
  empty: { command: [], outbox: { database: person, table: t, reports: [a], topics: [public_person_entity_events] } }
`,
    found: [
      /:3:3 error service-run: service nothing needs either module or command/,
      /:4:12 error service-run: the command of service empty is empty/,
      /:4:77 error outbox-incomplete: .*needs sent/,
    ],
  },
  {
    name: 'services that somebody has to reach, and that listen nowhere',
    overlay: `
services: { person: { port: null }, planning: { env: { OTHER: $(services.person.url) } } }
targets: { t: { services: { person: { url: "http://h:1" } } } }
`,
    found: [
      /^evpipe.yaml:\d+:\d+ error service-without-port: service person has no port, but ready is asked over HTTP/,
      /^evpipe.yaml:\d+:\d+ error service-without-port: .*a page of it is shown/,
      /^evpipe.yaml:\d+:\d+ error service-without-port: .*seed persons posts to it/,
      /^evpipe.yaml:\d+:\d+ error service-without-port: .*smoke a-new-person-reaches-planning asks it/,
      /:2:63 error service-without-port: .*\$\(services.person.url\) refers to its address/,
    ],
  },
  {
    name: 'a service that listens elsewhere, which needs no port here',
    overlay: `
services: { person: { port: null } }
targets: { t: { services: { person: { url: "http://h:1" } } } }
`,
    target: 't',
    found: [],
  },
  // seeds
  {
    name: 'seeds whose values cannot be made',
    overlay: `
seed:
  persons: { values: { first_name: Ada Lovelace, x: { integer: [2, 1] }, y: { from: person }, z: person.firstname } }
`,
    found: [
      /:3:24 error seed-value: .*first_name is "Ada Lovelace": a generator is a path/,
      /:3:50 error seed-value: .*minimum above its maximum/,
      /:3:74 error seed-value: .*draws from person, which is not a seed, did you mean persons\?/,
      /:3:95 error seed-value: .*z is person.firstname, which is not a data generator, did you mean person.firstName\?/,
    ],
  },
  // checks
  {
    name: 'a check without a way',
    overlay: 'checks: { persons: { source: { table: person_persn } } }\n',
    found: [/^overlay.yaml:1:11 error way-unknown: check persons: no path leads from table person.person_persn/],
  },
  {
    name: 'a check with two ways, and one that names its way',
    overlay: `
connectors:
  second:
    database: person
    config:
      connector.class: io.debezium.connector.postgresql.PostgresConnector
      table.include.list: public.person_.*
      transforms: route
      transforms.route.type: org.apache.kafka.connect.transforms.RegexRouter
      transforms.route.regex: person_planning_second\\..*
      transforms.route.replacement: public_person_entity_events
checks: { other: { source: { database: person, table: person_person }, replica: { database: planning, table: planning_person }, key: [id], through: [second] } }
`,
    found: [/error way-ambiguous: check persons: .*second.*or.*|error way-ambiguous: check persons: several ways/],
  },
  {
    name: 'checks that compare nothing that could be compared',
    overlay: `
checks:
  persons: { key: [id, "lower(name)"], columns: [id] }
  itself: { source: { database: person, table: person_person }, replica: { database: person, table: public.person_person }, key: [id], through: [] }
  query: { database: person, rows: delete from person_person }
  steps: { stages: { topic: public_person_entity_events, field: a, transitions: [[1, 2]], final: [3, 1], within: 1s } }
  half: { source: { database: person, table: person_person } }
`,
    found: [
      /:3:14 error check-columns: .*"lower\(name\)" is not a valid name of a column/,
      /:3:40 warning check-columns: .*column id is already in key/,
      /:4:65 error check-itself/,
      /:5:30 error check-query: .*must be a query/,
      /:6:91 warning check-stages: .*no transition leads to final status 3/,
      /:6:91 warning check-stages: .*(no transition leads to final status 1)/,
      /:6:91 warning check-stages: .*a transition leads from final status 1 to 2|:7:3 error check-incomplete/,
      /:7:3 error check-incomplete: check half needs source and replica/,
    ],
  },
  // several servers, and what applications expect of them
  {
    name: 'databases that would be the same one, and logins that a server can have only once',
    overlay: `
databases:
  other: { name: person }
  third: { server: legacy, name: person, roles: { app: one, postgres: x } }
  fourth: { server: legacy, roles: { app: two, other/owner: x } }
`,
    found: [
      /:3:12 error database-name: databases person and other are both called person on the same server/,
      /:3:3 warning unused: database other/,
      /:4:61 error role-reserved: role postgres can’t be an application’s/,
      /:5:38 error role-password: role app has another password in database third, on the same server/,
      /:5:48 error role-reserved: role other\/owner/,
    ],
  },
  {
    name: 'what is bound together over two RabbitMQ servers, and servers that nothing is on',
    overlay: `
rabbitmq:
  exchanges: { parcels: {} }
  queues: { old: { server: legacy }, dead: {}, orders: { server: legacy, deadLetter: dead } }
  bindings: [{ exchange: parcels, queue: old }]
services: { reader: { command: [cat, $(rabbitmq.legcy.url)], receives: [old, orders, dead], publishes: [parcels, orders] } }
targets: { t: { rabbitmqServers: { legcy: embedded } } }
`,
    found: [
      /error rabbitmq-servers: binding parcels → old: its exchange and its queue are on different servers/,
      /error rabbitmq-servers: queue orders and its dead-letter queue dead are on different servers/,
      /error dangling-reference: .*there is no RabbitMQ server legcy, did you mean legacy\?/,
    ],
  },
  // dead wiring
  {
    name: 'what nobody uses',
    overlay: `
databases: { spare: {} }
topics: { spare: {}, asked: {} }
services: { reader: { command: [cat], consumes: { group: g, topics: [asked] } } }
`,
    found: [
      /:2:14 warning unused: database spare/,
      /:3:11 warning unused: topic spare/,
      /:3:22 warning topic-without-writer: topic asked is read, but nothing in this file writes to it/,
    ],
  },
  {
    name: 'queries, files, unions and ksqlDB names that cannot be run or fenced',
    files: { 'there.csv': 'id\n' },
    overlay: `
checks:
  half: { source: { database: person, query: select 1 as id, table: x }, replica: { file: there.xml }, key: [id] }
  lone: { source: { database: person, table: person_person, tables: [x] }, replica: { file: there.csv }, key: [id], through: [] }
  file: { source: { database: person, table: person_person }, replica: { file: there.csv }, key: [id] }
  gone: { source: { database: person, table: person_person }, replica: { file: gone.csv }, key: [id], through: [] }
  query: { source: { database: person, query: select 1 as id }, replica: { database: planning, table: planning_person }, key: [id] }
  join: { source: { database: person, query: select 1 as id, tables: [person_person, other] }, replica: { database: planning, table: planning_person }, key: [id] }
  made: { source: { database: person, table: person_person }, replica: { ksqldb: NOBODY }, key: [id] }
  parts: { source: [{ database: person, table: person_person, with: { region: eu } }, { database: accounting, table: x }], replica: { database: planning, table: planning_person }, key: [id], through: [] }
  deleted: { source: { database: person, table: person_person, deleted: { a: 1 } }, replica: { topic: public_person_entity_events, deleted: gone }, key: [id] }
`,
    found: [
      /:3:\d+ error check-place: check half: the source needs either table or query beside database/,
      /:3:\d+ error check-place: check half: the replica is file there.xml, whose name must end in .csv or .jsonl/,
      /:4:\d+ error check-place: check lone: the source has tables without a query/,
      /:6:\d+ error file-missing: check gone: there is no file gone.csv/,
      /:10:\d+ error check-place: check parts: source 2 has no region in with/,
      /:11:\d+ error check-place: check deleted: the source has columns, so its deleted must be SQL/,
      /:11:\d+ error check-place: check deleted: the replica has fields, so its deleted must be/,
    ],
  },
  {
    name: 'ways of queries, files and ksqlDB names that cannot be told',
    files: { 'there.csv': 'id\n' },
    overlay: `
checks:
  file: { source: { database: person, table: person_person }, replica: { file: there.csv }, key: [id] }
  query: { source: { database: person, query: select 1 as id }, replica: { database: planning, table: planning_person }, key: [id] }
  join: { source: { database: person, query: select 1 as id, tables: [person_person, other] }, replica: { database: planning, table: planning_person }, key: [id] }
  made: { source: { database: person, table: person_person }, replica: { ksqldb: NOBODY }, key: [id] }
  kept: { source: { store: docs, collection: a }, replica: { database: planning, table: planning_person }, key: [id], columns: [name] }
stores: { docs: { kind: documents } }
topics: { changes: {} }
services: { streamer: { command: [node], env: { DOCS: $(stores.docs.url) }, writes: { store: docs, collections: [a] }, produces: [changes] } }
`,
    found: [
      /:3:3 error way-unknown: check file: file there.csv has no position that a fence could pass/,
      /:4:3 error way-unknown: check query: nothing says which tables of person its query reads/,
      /:5:3 error way-unknown: check join: no path leads from table person.other/,
      /:6:3 error way-unknown: check made: no path leads from table person.person_person to ksqldb NOBODY/,
      /:7:3 error way-unknown: check kept: no path leads from documents docs.a to table planning.planning_person/,
    ],
  },
  {
    name: 'queues and stores that nobody uses',
    overlay: 'rabbitmq: { queues: { likes: {} } }\nstores: { cache: { kind: cache } }\n',
    found: [
      /:1:23 warning queue-without-publisher/,
      /:1:23 warning queue-without-consumer/,
      /:2:11 warning unused: store cache/,
    ],
  },
  {
    name: 'queues and seed files that are not there',
    overlay: `
rabbitmq: { queues: { likes: { deadLetter: gone } }, bindings: [{ exchange: e, queue: liks }] }
seed: { file: { sql: data.sql, database: person } }
services: { person: { publishes: [like], receives: [likes] } }
`,
    found: [
      /:2:32 error dangling-reference: there is no queue gone/,
      /:2:67 error dangling-reference: there is no exchange e/,
      /:2:80 error dangling-reference: there is no queue liks, did you mean likes\?/,
      /:3:17 error file-missing: seed file: there is no file data.sql/,
      /:4:35 error dangling-reference: there is no exchange or queue like, did you mean likes\?/,
    ],
  },
  {
    name: 'dead wiring of exchanges and queues',
    overlay: `
rabbitmq:
  exchanges: { events: { type: topic }, idle: {} }
  queues: { mails: { deadLetter: dead }, dead: {}, lonely: {} }
  bindings:
    - { exchange: events, queue: mails, key: user.* }
    - { exchange: events, queue: mails, key: user.* }
services:
  person: { publishes: [idle] }
  planning-person-consumer: { receives: [mails] }
`,
    found: [
      /:3:16 warning exchange-without-publisher: exchange events: nobody publishes to it/,
      /:3:41 warning exchange-unbound: exchange idle is bound to no queue: what is published to it is dropped/,
      /:4:13 warning queue-without-publisher: queue mails: nobody publishes to it or to events$/,
      /:4:52 warning queue-without-publisher: queue lonely/,
      /:4:52 warning queue-without-consumer: queue lonely/,
      /:7:7 warning binding-doubled: binding events → mails \(user.\*\) is declared twice/,
    ],
  },
  {
    name: 'queues that RabbitMQ does not take, or that two services empty',
    overlay: `
rabbitmq:
  queues:
    likes: { durable: false, deadLetter: likes, arguments: { x-message-ttl: soon, x-queue-type: quorum, x-max-lenght: 3, note: a } }
services:
  person: { publishes: [likes], receives: [likes] }
  planning-person-consumer: { receives: [likes] }
`,
    found: [
      /:4:14 error queue-argument: queue likes: a quorum queue must be durable/,
      /:4:30 error dead-letter-itself: queue likes is its own dead-letter queue/,
      /:4:62 error queue-argument: queue likes: x-message-ttl has to be a whole number/,
      /:4:105 warning queue-argument: queue likes: RabbitMQ has no argument x-max-lenght, did you mean x-max-length\?/,
      /:7:42 warning queue-shared: service person also receives from queue likes/,
    ],
  },
  {
    name: 'what a conservation check cannot prove',
    overlay: `
rabbitmq: { queues: { likes: { durable: false } } }
services:
  person: { publishes: [likes] }
  planning-person-consumer: { receives: [likes] }
checks:
  half: { conservation: { queue: likes, effects: { database: planing, count: delete from x } } }
`,
    found: [
      /:2:32 warning queue-not-durable: queue likes is not durable/,
      /:2:23 warning queue-without-dead-letter: queue likes has no dead-letter queue/,
      /:7:41 error conservation-half: check half counts effects and not published/,
      /:7:52 error dangling-reference: there is no database planing, did you mean planning\?/,
      /:7:71 error check-query: check half: effects.count must be a query/,
    ],
  },
];

describe('lint', () => {
  it('has nothing to say about person-planning', () => {
    expect(workspace.load().problems).toEqual([]);
    expect(workspace.load({ profiles: ['ksql-connectors'] }).problems).toEqual([]);
  });

  it.each(CASES)('finds $name', ({ overlay, files, profiles, target, found }) => {
    for (const [path, text] of Object.entries(files ?? {})) workspace.write(path, text);
    const loaded = workspace.loadWith(overlay, { profiles: profiles ?? [], target });
    const texts = loaded.problems.map(textOf);
    for (const pattern of found)
      expect(
        texts.filter((text) => pattern.test(text)),
        `${pattern} in\n${texts.join('\n')}`,
      ).not.toEqual([]);
    const unexpected = texts.filter((text) => !found.some((pattern) => pattern.test(text)));
    expect(unexpected).toEqual([]);
    const refused = loaded.problems.some(({ severity }) => severity === 'error');
    expect(loaded.pipeline === undefined).toBe(refused);
  });
});
