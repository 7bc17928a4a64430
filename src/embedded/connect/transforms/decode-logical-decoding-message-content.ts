import { optional } from '../../../protocol/connect/option.js';
import { ConnectFailure, DEBEZIUM_EXCEPTION } from '../data/failure.js';
import { Schema, Struct, type Value } from '../data/schema.js';
import { expandJson, NotExpandable } from './expand-json.js';
import { requireStruct, type TransformPlugin } from './transform.js';

const MESSAGE_VALUE = 'io.debezium.connector.postgresql.MessageValue';

export const decodeLogicalDecodingMessageContent: TransformPlugin = {
  className: 'io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent',
  meaning:
    'The JSON that pg_logical_emit_message wrote as the `after` of a create, so that EventRouter takes it for a row of an outbox.',
  options: [optional('BOOLEAN', 'fields.null.include', 'false', 'Whether null becomes a field of type bytes.')],
  create(options) {
    const nullsAsBytes = options.boolean('fields.null.include');
    return (record) => {
      if (record.valueSchema?.name !== MESSAGE_VALUE) return record;
      const event = requireStruct(record.value, 'Retrieve a record value');
      const message = requireStruct(event.get('message'), 'Retrieve content of a logical decoding message');
      const content = decoded(message.get('content'), nullsAsBytes);
      const kept = event.schema.fields.filter((field) => field.name !== 'message');
      const schema = new Schema('struct', {
        name: `${MESSAGE_VALUE}.Envelope`,
        fields: [...kept.map((field) => [field.name, field.schema] as const), ['after', content.schema]],
      });
      const values = kept.map((field): Value => (field.name === 'op' ? 'c' : event.get(field.name)));
      return {
        ...record,
        keySchema: undefined,
        key: null,
        valueSchema: schema,
        value: new Struct(schema, [...values, content]),
      };
    };
  },
};

function decoded(content: Value, nullsAsBytes: boolean): Struct {
  const text = Buffer.isBuffer(content) ? content.toString('utf8') : '';
  try {
    return requireStruct(expandJson(text, nullsAsBytes, '').value, 'Content of a logical decoding message');
  } catch (cause) {
    if (!(cause instanceof NotExpandable)) throw cause;
    throw new ConnectFailure(`Unable to parse logical decoding message content JSON string '${text}'`, {
      className: DEBEZIUM_EXCEPTION,
      cause,
    });
  }
}
