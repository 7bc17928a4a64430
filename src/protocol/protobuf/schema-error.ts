export class ProtobufSchemaError extends Error {}
