import { markdownTable } from '../../support/markdown.js';
import { ROUTES } from './management/routes.js';
import type { MethodHandler } from './methods/handler.js';
import { HANDLERS } from './methods/table.js';
import { RABBITMQ_VERSION } from './options.js';
import { QUEUE_ARGUMENTS } from './queues/queue-arguments.js';

const methodRow = ({ method, supports, lacks }: MethodHandler): string[] => [method.name, supports, lacks ?? ''];

/** docs/amqp.md: from the tables that channels, queues and the HTTP API work by. */
export function amqpDocumentation(): string {
  return [
    '# The embedded AMQP server',
    '',
    `One node, AMQP 0-9-1 as RabbitMQ ${RABBITMQ_VERSION} speaks it, its data in one folder. The same tests run amqplib, pika and kombu`,
    'against it and RabbitMQ, and compare error codes and texts. This page is generated from the tables that the server uses.',
    '',
    '## Connections',
    '',
    'PLAIN and AMQPLAIN for one user (guest, guest), the virtual host `/`, frames up to 131,072 bytes, up to 2,047 channels, heartbeats',
    '(60 s are proposed), connection.blocked while the disk takes no writes, connection.update-secret. No TLS, no other users or virtual hosts.',
    'A malformed frame ends its connection only. A client that does not read gets no deliveries until it does.',
    '',
    '## Methods',
    '',
    ...markdownTable(['method', 'supported', 'not supported'], [...HANDLERS.values()].map(methodRow)),
    '',
    '## Queue arguments',
    '',
    ...markdownTable(
      ['argument', 'meaning'],
      QUEUE_ARGUMENTS.map(({ name, meaning }) => [name, meaning]),
    ),
    '',
    'Exchanges know `alternate-exchange`, consumers `x-priority`, header bindings `x-match` (all, any, all-with-x, any-with-x). Not there:',
    'streams, policies, plugins’ exchange types, federation, shovels; a quorum queue has one member.',
    '',
    '## Durability',
    '',
    'A confirmed persistent message in a durable queue survives the end of the process, however it ends, and one whose acknowledgement was',
    'read does not come back. Whatever arrives in one turn of the event loop is written together. Nothing is forced to disk: a power failure can',
    'cost what the operating system had not yet written. After a kill everything unacknowledged comes back as redelivered, and a torn end of a',
    'queue’s log is cut off. Bodies beyond 64 MiB (all queues together) are on disk only; what remains in memory is about 200 bytes a message.',
    '',
    '## HTTP API',
    '',
    'The read-only part of the management API, by GET with basic authentication, on a port of its own and on the AMQP port.',
    'Numbers are those of the moment, not of the last statistics interval; rates are not measured.',
    '',
    ...markdownTable(
      ['path', 'answers'],
      ROUTES.map(({ path, answers }) => [`/api/${path}`, answers]),
    ),
    '',
  ].join('\n');
}
