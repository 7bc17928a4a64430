/** What a Schema Registry keeps schemas of, as its REST API names it. */
export type SchemaType = 'AVRO' | 'JSON' | 'PROTOBUF';
