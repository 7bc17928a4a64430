import * as z from 'zod';
import type { LintContext } from '../../pipeline/kind.js';
import { calledOnServers, type Use } from '../../pipeline/kind.js';
import { insideUrl, placed, tls } from '../../pipeline/spec-placement.js';
import { mapping, text } from '../../pipeline/spec-words.js';
import type { Kind } from '../kind.js';
import { isReferred } from '../service/referred.js';
import { TLS_FIELDS } from '../tls-address.js';
import { rabbitmq } from './build.js';
import { rabbitmqComponent } from './component.js';
import { rabbitmqIds } from './ids.js';
import { checkRabbitmq, checkRabbitmqWiring } from './lint.js';

const address = z.union(
  [
    placed,
    mapping({
      url: text.describe('amqp://user:password@host:5672/vhost'),
      management: text.optional().describe('Its HTTP API; default: port 15672 of that host'),
      ssl: tls.optional().describe('Certificates for amqps and https'),
      inside: insideUrl,
    }),
  ],
  { error: 'must be embedded, compose, or a mapping with url' },
);

const queues = ({ names }: LintContext): readonly string[] => names('rabbitmq', 'queues');
const exchanges = ({ names }: LintContext): readonly string[] => names('rabbitmq', 'exchanges');

export const rabbitmqKind: Kind = {
  kind: 'rabbitmq',
  sections: [rabbitmq],
  placements: { rabbitmq: address.optional().describe('RabbitMQ: embedded, compose, or { url, management }') },
  rules: [checkRabbitmq],
  flowRules: [checkRabbitmqWiring],
  names: {
    queue: queues,
    exchange: exchanges,
    'exchange or queue': (context) => [...exchanges(context), ...queues(context)],
  },
  uses,
  references: [
    { head: 'queues', named: 'queue', fields: ['name'], shared: calledOnServers },
    { head: 'exchanges', named: 'exchange', fields: ['name'], shared: calledOnServers },
    {
      head: 'rabbitmq',
      fields: ['url', ...TLS_FIELDS],
      component: 'rabbitmq',
      needs: (pipeline) => ['server/rabbitmq', ...rabbitmqIds(pipeline)],
    },
  ],
  writtenAddresses: [
    { hosts: ['rabbitmq', 'rabbit'], ports: [5672], reference: () => 'rabbitmq.url', placed: ({ rabbitmq: at }) => at },
  ],
  components: (pipeline) =>
    pipeline.rabbitmq !== undefined || isReferred(pipeline, 'rabbitmq')
      ? [{ component: rabbitmqComponent(pipeline), names: ['rabbitmq'] }]
      : [],
  servers: ['rabbitmq'],
  step: 'rabbitmq',
  slice: 'services',
  operations: async () => (await import('./operations.js')).operations,
};

function uses({ pipeline: { rabbitmq: declared } }: LintContext): readonly Use[] {
  return [
    ...(declared?.queues ?? []).flatMap(({ name, deadLetter }) =>
      deadLetter === undefined
        ? []
        : [{ what: 'queue', name: deadLetter, at: ['rabbitmq', 'queues', name, 'deadLetter'] }],
    ),
    ...(declared?.bindings ?? []).flatMap(({ exchange, queue }, index) => [
      { what: 'exchange', name: exchange, at: ['rabbitmq', 'bindings', String(index), 'exchange'] },
      { what: 'queue', name: queue, at: ['rabbitmq', 'bindings', String(index), 'queue'] },
    ]),
  ];
}
