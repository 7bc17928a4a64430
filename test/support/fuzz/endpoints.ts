import { ROUTES as MANAGEMENT_ROUTES } from '../../../src/embedded/amqp/management/routes.js';
import { ROUTES as CONNECT_ROUTES } from '../../../src/embedded/connect/rest/http.js';
import { ROUTES as REGISTRY_ROUTES } from '../../../src/embedded/schema-registry/routes.js';
import type { Endpoint } from './http-shots.js';
import { AVRO_SCHEMA, JSON_SCHEMA, KSQL_QUERIES, KSQL_STATEMENTS, PROTOBUF_SCHEMA } from './languages.js';

const SCHEMAS = [
  { schema: AVRO_SCHEMA },
  { schema: '"string"', schemaType: 'AVRO' },
  { schema: JSON_SCHEMA, schemaType: 'JSON' },
  { schema: PROTOBUF_SCHEMA, schemaType: 'PROTOBUF' },
  {
    schema: JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'o', type: 'shop.Order' }] }),
    references: [{ name: 'shop.Order', subject: 'avro', version: 1 }],
  },
];
const SUBJECTS = ['avro', 'json', 'protobuf', 'other'];

const REGISTRY_BODIES: ReadonlyArray<readonly [path: RegExp, bodies: readonly unknown[]]> = [
  [
    /^\/config/,
    [{ compatibility: 'FULL_TRANSITIVE' }, { compatibility: 'NONE' }, { compatibility: 'BACKWARD', normalize: true }],
  ],
  [/^\/mode/, [{ mode: 'READWRITE' }]],
  [/./, SCHEMAS],
];

export const REGISTRY_ENDPOINTS: readonly Endpoint[] = REGISTRY_ROUTES.map(({ method, path }) => ({
  method,
  path,
  parameters: { subject: SUBJECTS, version: ['1', 'latest', '-1', '2'], id: ['1', '2', '3'] },
  queries: [
    'deleted=true',
    'normalize=true&verbose=true',
    'permanent=true',
    'offset=1&limit=1',
    'subject=avro&version=1',
    'format=serialized',
  ],
  ...(method === 'POST' || method === 'PUT'
    ? { bodies: REGISTRY_BODIES.find(([pattern]) => pattern.test(path))?.[1] ?? SCHEMAS }
    : {}),
}));

const CONNECTOR = {
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'database.hostname': '127.0.0.1',
  'database.port': '1',
  'database.user': 'me',
  'database.password': 'secret',
  'database.dbname': 'shop',
  'topic.prefix': 'shop',
  'plugin.name': 'pgoutput',
  'table.include.list': 'public\\.orders',
  'decimal.handling.mode': 'string',
  'column.include.list': 'public\\.orders\\.(id|note)',
  transforms: 'route,unwrap',
  'transforms.route.type': 'org.apache.kafka.connect.transforms.RegexRouter',
  'transforms.route.regex': '(.*)orders(.*)',
  'transforms.route.replacement': '$1bills$2',
  'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': 'false',
  'errors.tolerance': 'all',
  'tasks.max': '1',
};
const CONNECT_BODIES: ReadonlyArray<readonly [path: RegExp, bodies: readonly unknown[]]> = [
  [
    /^\/connectors$/,
    [
      { name: 'shop', config: CONNECTOR },
      { name: 'other', config: CONNECTOR, initial_state: 'STOPPED' },
    ],
  ],
  [/loggers/, [{ level: 'INFO' }]],
  [/offsets/, [{ offsets: [{ partition: { server: 'shop' }, offset: { lsn: 5, txId: 7 } }] }]],
  [/config/, [{ ...CONNECTOR, name: 'shop' }]],
];

export const CONNECT_ENDPOINTS: readonly Endpoint[] = CONNECT_ROUTES.map(({ method, path }) => {
  const bodies = CONNECT_BODIES.find(([pattern]) => pattern.test(path))?.[1];
  return {
    method,
    path,
    parameters: {
      name: ['shop', 'other'],
      task: ['0'],
      logger: ['root'],
      plugin: ['io.debezium.connector.postgresql.PostgresConnector', 'PostgresConnector'],
    },
    queries: [
      'expand=info&expand=status',
      'includeTasks=true&onlyFailed=true',
      'connectorsOnly=false',
      'scope=cluster',
    ],
    ...(method !== 'GET' && method !== 'DELETE' && bodies !== undefined ? { bodies } : {}),
  };
});

export const MANAGEMENT_ENDPOINTS: readonly Endpoint[] = MANAGEMENT_ROUTES.map(({ path }) => ({
  method: 'GET',
  path: `/api/${path}`,
  parameters: {
    vhost: ['/'],
    name: ['orders', 'amq.direct'],
    queue: ['orders'],
    exchange: ['amq.direct'],
    port: ['5672'],
  },
  queries: ['page=1&page_size=10', 'columns=name'],
  headers: [`Authorization: Basic ${Buffer.from('guest:guest').toString('base64')}`],
}));

const statements = (texts: readonly string[], field: 'ksql' | 'sql') =>
  texts.map((text) => ({
    [field]: text,
    ...(field === 'ksql' ? { streamsProperties: { 'auto.offset.reset': 'earliest' } } : { properties: {} }),
  }));

export const KSQLDB_ENDPOINTS: readonly Endpoint[] = [
  { method: 'POST', path: '/ksql', bodies: statements(KSQL_STATEMENTS, 'ksql') },
  { method: 'POST', path: '/query', bodies: statements(KSQL_QUERIES, 'ksql'), streams: true },
  { method: 'POST', path: '/query-stream', bodies: statements(KSQL_QUERIES, 'sql'), streams: true },
  { method: 'POST', path: '/close-query', bodies: [{ queryId: 'none' }] },
  { method: 'POST', path: '/inserts-stream', bodies: [{ target: 'orders' }], streams: true },
  ...['/', '/info', '/healthcheck', '/clusterStatus', '/status', '/v1/metadata', '/v1/metadata/id'].map((path) => ({
    method: 'GET',
    path,
  })),
  {
    method: 'GET',
    path: '/status/:type/:name/:action',
    parameters: { type: ['stream'], name: ['ORDERS'], action: ['create'] },
  },
  { method: 'GET', path: '/is_valid_property/:property', parameters: { property: ['auto.offset.reset', 'ksql.x'] } },
];

export const GATEWAY_ENDPOINTS: readonly Endpoint[] = [
  { method: 'GET', path: '/health' },
  { method: 'GET', path: '/subjects' },
  { method: 'POST', path: '/subjects/:subject/versions', parameters: { subject: SUBJECTS }, bodies: SCHEMAS },
  { method: 'GET', path: '/away' },
];
