import { caseFiles, programOf, readCases } from '../../unit/embedded/ksqldb/case-file.js';

export const AVRO_SCHEMA = JSON.stringify({
  type: 'record',
  name: 'shop.Order',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 10, scale: 2 } },
    {
      name: 'lines',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Line',
          fields: [
            { name: 'sku', type: 'string' },
            { name: 'next', type: ['null', 'Line'], default: null },
          ],
        },
      },
    },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'], default: 'A' } },
    { name: 'tags', type: { type: 'map', values: 'int' }, default: {} },
  ],
});
export const JSON_SCHEMA = JSON.stringify({
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: {
    id: { type: 'integer', minimum: 1 },
    name: { type: 'string', pattern: '^[a-z]+$', maxLength: 20 },
    lines: { type: 'array', items: { $ref: '#/definitions/line' }, minItems: 1 },
    either: { oneOf: [{ type: 'string' }, { type: 'null' }] },
  },
  patternProperties: { '^x-': { type: 'string' } },
  required: ['id'],
  definitions: {
    line: { type: 'object', properties: { sku: { enum: ['a', 'b'] }, next: { $ref: '#/definitions/line' } } },
  },
  additionalProperties: false,
});
export const PROTOBUF_SCHEMA = `syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
message Order { int64 id = 1; repeated Line lines = 2; map<string, int32> tags = 3; oneof how { string a = 4; bytes b = 5; }
  optional Kind kind = 6; google.protobuf.Timestamp at = 7; reserved 8, 10 to 12; reserved "old"; message Line { string sku = 1 [deprecated = true]; Line next = 2; } }
enum Kind { A = 0; B = 1; }
service Shop { rpc Place (Order) returns (stream Order); }`;

/** Every statement of the engine's own cases. */
const STATEMENTS = caseFiles().flatMap((file) => readCases(file).flatMap((one) => programOf(one).statements));
export const KSQL_QUERIES = [
  'SELECT id, UCASE(name) FROM orders WHERE id > 1 EMIT CHANGES LIMIT 1;',
  "SELECT * FROM orders_by_name WHERE name = 'a';",
  'SELECT name, COUNT(*) FROM orders WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY name EMIT CHANGES;',
  'PRINT orders FROM BEGINNING LIMIT 1;',
];
const ADMINISTRATION = [
  'SHOW STREAMS EXTENDED;',
  'LIST TOPICS;',
  'SHOW QUERIES EXTENDED;',
  'DESCRIBE orders EXTENDED;',
  'EXPLAIN SELECT * FROM orders EMIT CHANGES;',
  "SET 'auto.offset.reset' = 'earliest';",
  "DEFINE a = 'orders'; DESCRIBE ${a};",
  'DROP STREAM IF EXISTS other DELETE TOPIC;',
  'TERMINATE ALL;',
  "INSERT INTO orders (id, name) VALUES (1, 'a');",
  'CREATE TYPE address AS STRUCT<street STRING, number INT>;',
  'ALTER STREAM orders ADD COLUMN note STRING;',
  'SHOW CONNECTORS;',
  'SHOW FUNCTIONS;',
  'DESCRIBE FUNCTION SUBSTRING;',
  'PAUSE ALL;',
  'RESUME ALL;',
  'ASSERT TOPIC orders TIMEOUT 1 SECONDS;',
];
/** Made first, so that the others have something to be about. */
export const KSQL_SETUP = [
  "CREATE STREAM orders (id INT KEY, name STRING) WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON', PARTITIONS=1);",
  'CREATE TABLE orders_by_name AS SELECT name, COUNT(*) AS n FROM orders GROUP BY name;',
];
export const KSQL_STATEMENTS: readonly string[] = [...KSQL_SETUP, ...STATEMENTS, ...ADMINISTRATION, ...KSQL_QUERIES];
