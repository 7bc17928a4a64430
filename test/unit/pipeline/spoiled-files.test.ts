import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Workspace } from './workspace.js';

/** One mistake in a file that is sound: one problem, in our own words, at its place. */

const SOUND = `version: 1
name: orders
databases:
  shop: { migrations: sql/shop }
  reports: { migrations: sql/reports }
topics:
  orders: { partitions: 3 }
connectors:
  shop-orders:
    database: shop
    config:
      connector.class: io.debezium.connector.postgresql.PostgresConnector
      table.include.list: public.orders
      transforms: route,unwrap
      transforms.route.type: org.apache.kafka.connect.transforms.RegexRouter
      transforms.route.regex: .*\\.public\\.orders
      transforms.route.replacement: orders
      transforms.unwrap.type: io.debezium.transforms.ExtractNewRecordState
services:
  writer:
    command: [node, writer.js]
    port: 8001
    ready: { http: /health }
    env: { KAFKA: $(kafka.bootstrapServers), DATABASE_URL: $(databases.reports.url) }
    consumes: { group: writer, topics: [orders] }
    writes: { database: reports, tables: [orders] }
jobs:
  setup: { command: [node, setup.js], before: [writer] }
seed:
  people: { service: writer, path: /people, rows: 5, values: { name: person.fullName } }
checks:
  orders:
    source: { database: shop, table: orders }
    replica: { database: reports, table: orders }
    key: [id]
`;

/** What becomes of the file: one part of it replaced, something added, or all of it. */
type Edit = { readonly from: string; readonly to: string } | { readonly added: string } | { readonly text: string };

const SPOILED: readonly (readonly [mistake: string, edit: Edit, found: readonly string[]])[] = [
  ['nothing', { text: '' }, ['1:1 the file is empty']],
  ['a comment only', { text: '# nothing yet\n' }, ['1:1 the file is empty']],
  ['null', { text: '~\n' }, ['1:1 the file: must be a mapping, is empty']],
  ['a word', { text: 'hello\n' }, ['1:1 the file: must be a mapping, is text']],
  ['a number', { text: '42\n' }, ['1:1 the file: must be a mapping, is a number']],
  ['a list', { text: '- version: 1\n- name: x\n' }, ['1:1 the file: must be a mapping, is a list']],
  [
    'two documents',
    { added: '---\nname: second\n' },
    [
      '36:1 a second document begins here: a pipeline file is one, so put this into a file of its own, or remove the --- before it',
    ],
  ],
  [
    'a document end and more',
    { added: '...\nmore: 1\n' },
    [
      '37:1 a second document begins here: a pipeline file is one, so put this into a file of its own, or remove the --- before it',
    ],
  ],
  [
    'binary',
    { text: '\u0000\u0001\u0002\u00ff\u00fePK\u0003\u0004' },
    ['1:1 the file is binary: this character stands in no text'],
  ],
  [
    'png',
    { text: '\u0089PNG\r\n\u001a\n\u0000\u0000\u0000\rIHDR' },
    ['2:1 the file is binary: this character stands in no text'],
  ],
  [
    'utf16',
    { text: '\u00ff\u00fev\u0000e\u0000r\u0000s\u0000i\u0000o\u0000n\u0000:\u0000 \u00001\u0000' },
    ['1:1 the file is UTF-16: save it as UTF-8'],
  ],
  [
    'a NUL in text',
    { from: 'name: orders', to: 'name: ord\u0000ers' },
    ['2:10 the file is binary: this character stands in no text'],
  ],
  [
    'JSON',
    { text: '{"version": 1, "name": "orders", "databases": {"shop": {}}' },
    ['1:59 the mapping before this is not closed: } is missing'],
  ],
  ['HTML', { text: '<!DOCTYPE html><html><body>404</body></html>\n' }, ['1:1 the file: must be a mapping, is text']],
  ['XML', { text: '<pipeline name="orders"><topic/></pipeline>' }, ['1:1 the file: must be a mapping, is text']],
  [
    'merge conflict',
    { from: 'name: orders', to: '<<<<<<< HEAD\nname: orders\n=======\nname: shop\n>>>>>>> other' },
    ['2:1 an unresolved merge conflict: choose one of its two sides'],
  ],
  [
    'unknown alias',
    { from: '{ partitions: 3 }', to: '*three' },
    ['7:11 there is no anchor &three before it; text that starts with "*" needs quotes'],
  ],
  [
    'glob unquoted',
    { from: 'table.include.list: public.orders', to: 'table.include.list: *.orders' },
    ['13:27 there is no anchor &.orders before it; text that starts with "*" needs quotes'],
  ],
  [
    'an anchor in a circle',
    { from: '{ partitions: 3 }', to: '&a { config: *a }' },
    ['7:24 *a stands within what it stands for'],
  ],
  [
    'too deep',
    {
      from: '{ partitions: 3 }',
      to: '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]',
    },
    ['7:51 nested too deeply'],
  ],
  [
    'billion laughs',
    {
      text: 'a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n',
    },
    ['5:29 the aliases expand to more than 100,000 values'],
  ],
  [
    'a tab',
    { from: '  orders: { partitions: 3 }', to: '\torders: { partitions: 3 }' },
    ['7:1 YAML does not allow tabs for indentation: use spaces'],
  ],
  [
    'unclosed bracket',
    { from: 'tables: [orders] }', to: 'tables: [orders }' },
    ['26:50 is indented differently from its siblings, or a bracket before it was not closed'],
  ],
  [
    'unclosed brace',
    { from: '{ partitions: 3 }', to: '{ partitions: 3' },
    ['8:1 is indented differently from its siblings, or a bracket before it was not closed'],
  ],
  ['unclosed quote', { from: 'name: orders', to: 'name: "orders' }, ['2:7 the quote that opens here is not closed']],
  [
    'unclosed single quote',
    { from: 'path: /people', to: "path: '/people" },
    ['30:36 the quote that opens here is not closed'],
  ],
  [
    'missing colon',
    { from: 'topics:\n', to: 'topics\n' },
    [
      '6:1 a key cannot stand here: is it indented too far, is a ":" missing, or does text with ": " in it need quotes?',
    ],
  ],
  [
    'missing space',
    { from: 'name: orders', to: 'name:orders' },
    [
      '2:1 a key cannot stand here: is it indented too far, is a ":" missing, or does text with ": " in it need quotes?',
    ],
  ],
  [
    'indented too far',
    { from: '  reports: {', to: '    reports: {' },
    ['5:1 is indented differently from its siblings, or a bracket before it was not closed'],
  ],
  [
    'indented too little',
    { from: '    database: shop\n', to: '  database: shop\n' },
    [
      '10:13 a key cannot stand here: is it indented too far, is a ":" missing, or does text with ": " in it need quotes?',
    ],
  ],
  ['twice a key', { from: 'jobs:\n', to: 'name: again\njobs:\n' }, ['27:1 key name is already set in this mapping']],
  ['a key that is a list', { from: 'jobs:\n', to: '[a, b]: orders\njobs:\n' }, ['27:1 a key must be a plain string']],
  [
    'bad escape',
    { from: 'name: orders', to: 'name: "ord\\qers"' },
    ['2:11 \\q means nothing between double quotes: write \\\\q, or use single quotes'],
  ],
  [
    'unknown tag',
    { from: 'partitions: 3', to: 'partitions: !int8 3' },
    ['7:25 the tag !int8 means nothing here; text that starts with "!" needs quotes'],
  ],
  [
    'merge of a word',
    { from: '{ partitions: 3 }', to: '{ <<: three }' },
    ['7:13 << merges mappings: <<: *name, or <<: [*one, *two]'],
  ],
  ['a percent', { from: 'name: orders', to: 'name: %orders' }, ['2:7 text that starts with "%" needs quotes']],
  ['at sign', { from: 'name: orders', to: 'name: @orders' }, ['2:7 text that starts with "@" needs quotes']],
  ['backtick', { from: 'name: orders', to: 'name: `orders`' }, ['2:7 text that starts with "`" needs quotes']],
  ['no version', { from: 'version: 1\n', to: '' }, ['1:1 version: is missing; it must be 1']],
  ['version 2', { from: 'version: 1', to: 'version: 2' }, ['1:1 version: must be 1, the only version of the format']],
  [
    'version text',
    { from: 'version: 1', to: 'version: one' },
    ['1:1 version: must be 1, the only version of the format'],
  ],
  ['no name', { from: 'name: orders\n', to: '' }, ['1:1 name: is missing; it must be text']],
  [
    'name with blanks',
    { from: 'name: orders', to: 'name: My Orders!' },
    ['2:1 name: a name has lower-case letters, digits and "-", at most 50 characters'],
  ],
  ['name is a mapping', { from: 'name: orders', to: 'name: { a: b }' }, ['2:1 name: must be text, is a mapping']],
  ['unknown section', { from: 'topics:\n', to: 'topic:\n' }, ['6:1 unknown key topic, did you mean topics?']],
  [
    'a typo in a database',
    { from: '  shop: {', to: '  shpo: {' },
    ['10:5 there is no database shop, did you mean shpo? (also at 33:15)'],
  ],
  [
    'another',
    { from: '  reports: {', to: '  report: {' },
    ['24:60 $(databases.reports.url): there is no database reports, did you mean report? (also at 26:15, 34:16)'],
  ],
  [
    'section is a list',
    {
      from: 'databases:\n  shop: { migrations: sql/shop }\n  reports: { migrations: sql/reports }\n',
      to: 'databases: [shop, reports]\n',
    },
    ['3:1 databases: must be a mapping, is a list'],
  ],
  [
    'section is a word',
    { from: 'topics:\n  orders: { partitions: 3 }\n', to: 'topics: orders\n' },
    ['6:1 topics: must be a mapping, is text'],
  ],
  [
    'databases typo',
    { from: 'databases:\n', to: 'database:\n' },
    ['3:1 unknown key database, did you mean databases?'],
  ],
  [
    'unknown field',
    { from: 'partitions: 3', to: 'partition: 3' },
    ['7:13 unknown key partition, did you mean partitions?'],
  ],
  [
    'partitions of zero',
    { from: 'partitions: 3', to: 'partitions: 0' },
    ['7:13 topics.orders.partitions: a topic has 1 to 10000 partitions'],
  ],
  [
    'partitions text',
    { from: 'partitions: 3', to: 'partitions: three' },
    ['7:13 topics.orders.partitions: a topic has 1 to 10000 partitions'],
  ],
  [
    'partitions list',
    { from: 'partitions: 3', to: 'partitions: [3]' },
    ['7:13 topics.orders.partitions: a topic has 1 to 10000 partitions'],
  ],
  [
    'huge',
    { from: 'partitions: 3', to: 'partitions: 1e99' },
    ['7:13 topics.orders.partitions: a topic has 1 to 10000 partitions'],
  ],
  ['port', { from: 'port: 8001', to: 'port: 99999' }, ['22:5 services.writer.port: a port is 1 to 65535']],
  ['port negative', { from: 'port: 8001', to: 'port: -1' }, ['22:5 services.writer.port: a port is 1 to 65535']],
  [
    'command text',
    { from: 'command: [node, writer.js]', to: 'command: node writer.js' },
    ['21:5 services.writer.command: must be a list, is text'],
  ],
  [
    'command empty',
    { from: 'command: [node, writer.js]', to: 'command: []' },
    ['21:5 the command of service writer is empty'],
  ],
  [
    'no command',
    { from: '    command: [node, writer.js]\n', to: '' },
    ['20:3 service writer needs either module or command; image or build for containers'],
  ],
  [
    'both',
    { from: 'command: [node, writer.js]', to: 'command: [node, writer.js]\n    module: writer.js' },
    ['20:3 service writer needs either module or command; image or build for containers'],
  ],
  [
    'regex of ready',
    { from: 'ready: { http: /health }', to: 'ready: { log: "[a-" }' },
    ['23:14 [a- is not a valid regular expression'],
  ],
  [
    'regex of transform',
    { from: '.*\\.public\\.orders', to: '(.*\\.public' },
    [
      '16:7 connector shop-orders: transforms.route.regex is not a valid regular expression: /(.*\\.public/: Unterminated group',
    ],
  ],
  [
    'regex of table list',
    { from: 'table.include.list: public.orders', to: 'table.include.list: public.(orders' },
    [
      "13:7 connector shop-orders: The 'table.include.list' value is invalid: A valid regular expression is required, but was public.(orders: Invalid regular expression: /public.(orders/: Unterminated group",
    ],
  ],
  [
    'a duration',
    { from: 'ready: { http: /health }', to: 'ready: { http: /health, timeout: 5 }' },
    ['23:29 services.writer.ready.timeout: a duration is a number with ms, s, m or h: 500ms, 10s, 2m'],
  ],
  [
    'duration word',
    { from: 'ready: { http: /health }', to: 'ready: { http: /health, timeout: soon }' },
    ['23:29 services.writer.ready.timeout: a duration is a number with ms, s, m or h: 500ms, 10s, 2m'],
  ],
  [
    'two ways to be ready',
    { from: 'ready: { http: /health }', to: 'ready: { http: /health, tcp: true }' },
    ['23:5 ready of service writer needs one of http, tcp, log and command'],
  ],
  [
    'reference to nothing',
    { from: '$(kafka.bootstrapServers)', to: '$(kafka.bootstrapServer)' },
    ['24:19 $(kafka.bootstrapServer) refers to nothing, did you mean kafka.bootstrapServers?'],
  ],
  [
    'reference to no database',
    { from: '$(databases.reports.url)', to: '$(databases.report.url)' },
    ['24:60 $(databases.report.url): there is no database report, did you mean reports?'],
  ],
  [
    'reference that is not closed',
    { from: '$(databases.reports.url)', to: '"$(databases.reports.url"' },
    ['24:60 $(databases.reports.url has no ) at its end'],
  ],
  [
    'topics misspelt, where connectors lead to one of those used',
    {
      from: 'topics:\n  orders: { partitions: 3 }\nconnectors',
      to: 'topcs:\n  parcels: { partitions: 3 }\nconnectors',
    },
    ['6:1 unknown key topcs, did you mean topics?'],
  ],
  [
    'method of a request',
    {
      added:
        'smoke:\n  one: { request: { service: writer, path: /, method: POTS }, expect: [{ topic: orders }], within: 5s }\n',
    },
    ['37:47 smoke.one.request.method: must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS'],
  ],
  [
    'unclosed quote before others',
    { from: 'name: orders\n', to: 'name: "orders\nx-note: "a"\n' },
    ['2:7 the quote that opens here is not closed'],
  ],
  [
    'variable missing',
    { from: 'name: orders', to: 'name: ${ORDERS_NAME}' },
    ['2:7 the environment has no ORDERS_NAME; set it, or give a default: ${ORDERS_NAME:-\u2026}'],
  ],
  ['unclosed variable', { from: 'name: orders', to: 'name: ${ORDERS_NAME' }, ['2:7 ${ORDERS_NAME has no } at its end']],
  [
    'missing topic',
    { from: 'topics: [orders] }\n    writes', to: 'topics: [order] }\n    writes' },
    ['25:41 there is no topic order, did you mean orders?'],
  ],
  ['missing folder', { from: 'sql/shop', to: 'sql/shp' }, ['4:11 there is no folder sql/shp']],
  [
    'job without before',
    { from: 'before: [writer]', to: 'before: [wrtier]' },
    ['28:48 there is no service, job or connector wrtier, did you mean writer?'],
  ],
  [
    'generator',
    { from: 'person.fullName', to: 'person.fulName' },
    ['30:64 seed people: name is person.fulName, which is not a data generator, did you mean person.fullName?'],
  ],
  ['rows', { from: 'rows: 5', to: 'rows: many' }, ['30:45 seed.people.rows: rows is a whole number']],
  [
    'service of seed',
    { from: 'service: writer', to: 'service: writr' },
    ['30:13 there is no service writr, did you mean writer?'],
  ],
  [
    'connector class',
    { from: 'postgresql.PostgresConnector', to: 'postgresql.PostgreConnector' },
    [
      '12:7 the embedded Connect has no io.debezium.connector.postgresql.PostgreConnector, did you mean io.debezium.connector.postgresql.PostgresConnector?',
    ],
  ],
  [
    'transform undeclared',
    { from: 'transforms: route,unwrap', to: 'transforms: route,unwarp' },
    ['14:7 transform unwarp has no transforms.unwarp.type'],
  ],
  [
    'check key text',
    { from: 'key: [id]', to: 'key: id' },
    [
      '35:5 checks.orders.key: must be a list of columns, or a mapping of replica column to source column or SQL expression',
    ],
  ],
  [
    'check of no database',
    { from: 'replica: { database: reports', to: 'replica: { database: reprots' },
    ['34:16 there is no database reprots, did you mean reports?'],
  ],
  [
    'check without replica',
    { from: '    replica: { database: reports, table: orders }\n', to: '' },
    ['32:3 check orders needs source and replica, or rows, or stages, or conservation'],
  ],
  [
    'env list',
    { from: 'env: { KAFKA: $(kafka.bootstrapServers), DATABASE_URL: $(databases.reports.url) }', to: 'env: [KAFKA=1]' },
    ['24:5 services.writer.env: must be a mapping, is a list'],
  ],
  [
    'env nested',
    { from: 'KAFKA: $(kafka.bootstrapServers)', to: 'KAFKA: { url: 1 }' },
    ['24:12 services.writer.env.KAFKA: must be a string, a number or true/false'],
  ],
  [
    'null service',
    { from: '  writer:\n', to: '  writer:\n  other:\n' },
    ['20:3 services.writer: must be a mapping, is empty'],
  ],
];

let workspace: Workspace;
beforeAll(() => {
  workspace = new Workspace();
  for (const folder of ['shop', 'reports'])
    workspace.write(`sql/${folder}/V000001__orders.sql`, 'create table orders (id int primary key);\n');
  for (const script of ['writer.js', 'setup.js']) workspace.write(script, '');
});
afterAll(() => workspace.remove());

function edited(edit: Edit): string {
  if ('text' in edit) return edit.text;
  if ('added' in edit) return SOUND + edit.added;
  expect(SOUND).toContain(edit.from);
  return SOUND.replace(edit.from, () => edit.to);
}

/** Errors; warnings where there is nothing else. */
function problemsOf(text: string): readonly string[] {
  // Bytes that are no UTF-8 are written one by one.
  writeFileSync(join(workspace.folder, 'evpipe.yaml'), text, /[\x80-\xff]/.test(text) ? 'latin1' : 'utf8');
  const { problems } = workspace.load();
  const errors = problems.filter(({ severity }) => severity === 'error');
  return (errors.length > 0 ? errors : problems).map(
    ({ location: { line, column }, message }) => `${line}:${column} ${message}`,
  );
}

it('has nothing to say of the sound file, with either end of line and with a byte order mark', () => {
  expect(problemsOf(SOUND)).toEqual([]);
  expect(problemsOf(SOUND.replaceAll('\n', '\r\n'))).toEqual([]);
  expect(problemsOf(`\ufeff${SOUND}`)).toEqual([]);
});

it.each(SPOILED)('%s', (_, edit, found) => {
  expect(problemsOf(edited(edit))).toEqual(found);
});
