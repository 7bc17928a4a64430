import { ByteReader } from '../../../protocol/amqp/byte-reader.js';
import { type FieldTable, type FieldValue, longstr, readTable, textOf } from '../../../protocol/amqp/field-table.js';
import { RABBITMQ_VERSION } from '../options.js';

export const MECHANISMS = ['PLAIN', 'AMQPLAIN'];

const CAPABILITIES = [
  'publisher_confirms',
  'exchange_exchange_bindings',
  'basic.nack',
  'consumer_cancel_notify',
  'connection.blocked',
  'consumer_priorities',
  'authentication_failure_close',
  'per_consumer_qos',
  'direct_reply_to',
];

/** What the server says of itself; clients look at the product and at the capabilities. */
export function serverProperties(): FieldTable {
  const yes: FieldValue = { type: 'bool', value: true };
  return new Map<string, FieldValue>([
    ['capabilities', { type: 'table', value: new Map(CAPABILITIES.map((name) => [name, yes])) }],
    ['cluster_name', longstr('rabbit@evpipe')],
    ['copyright', longstr('evpipe, Apache License 2.0')],
    ['information', longstr('An embedded server of evpipe that follows RabbitMQ')],
    ['platform', longstr(`Node.js ${process.versions.node}`)],
    ['product', longstr('RabbitMQ')],
    ['version', longstr(RABBITMQ_VERSION)],
  ]);
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** What a client's response says; undefined where it is not of the mechanism. */
export function credentialsOf(mechanism: string, response: Buffer): Credentials | undefined {
  return mechanism === 'PLAIN' ? plain(response) : amqplain(response);
}

/** RFC 4616: authorization identity, user, password, separated by NUL. */
function plain(response: Buffer): Credentials | undefined {
  const [, user, password, ...more] = response.toString().split('\0');
  return user === undefined || password === undefined || more.length > 0 ? undefined : { user, password };
}

/** A field table without its length. */
function amqplain(response: Buffer): Credentials | undefined {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(response.length);
  const table = readTable(new ByteReader(Buffer.concat([length, response])));
  const [user, password] = [textOf(table.get('LOGIN')), textOf(table.get('PASSWORD'))];
  return user === undefined || password === undefined ? undefined : { user, password };
}

/** The names of what the client can do. */
export function capabilitiesOf(clientProperties: FieldTable): ReadonlySet<string> {
  const field = clientProperties.get('capabilities');
  if (field?.type !== 'table') return new Set();
  return new Set([...field.value].flatMap(([name, value]) => (value.type === 'bool' && value.value ? [name] : [])));
}
