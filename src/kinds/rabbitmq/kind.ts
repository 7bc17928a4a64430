import * as z from 'zod';
import type { LintContext } from '../../pipeline/kind.js';
import { calledOnServers, type Use } from '../../pipeline/kind.js';
import { insideUrl, placed, tls } from '../../pipeline/spec-placement.js';
import { mapping, text } from '../../pipeline/spec-words.js';
import type { Kind } from '../kind.js';
import { isReferred } from '../service/referred.js';
import { oneOf } from '../several-servers.js';
import { TLS_FIELDS } from '../tls-address.js';
import { rabbitmq } from './build.js';
import { rabbitmqComponent } from './component.js';
import { rabbitmqIds, rabbitmqServers } from './ids.js';
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
  placements: {
    rabbitmq: address.optional().describe('RabbitMQ: embedded, compose, or { url, management }'),
    rabbitmqServers: z.record(z.string(), address).optional().describe('Those of several that have a name'),
  },
  rules: [checkRabbitmq],
  flowRules: [checkRabbitmqWiring],
  names: {
    'RabbitMQ server': namedServers,
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
      needs: (pipeline) => ['server/rabbitmq', ...rabbitmqIds(pipeline, undefined)],
    },
    {
      head: 'rabbitmq',
      named: 'RabbitMQ server',
      fields: ['url', ...TLS_FIELDS],
      needs: (pipeline, name) => [`server/rabbitmq/${name}`, ...rabbitmqIds(pipeline, name)],
    },
  ],
  writtenAddresses: [
    { hosts: ['rabbitmq', 'rabbit'], ports: [5672], reference: () => 'rabbitmq.url', placed: ({ rabbitmq: at }) => at },
  ],
  components: (pipeline) => {
    const declared = rabbitmqServers(pipeline);
    const isWanted = isReferred(pipeline, 'rabbitmq') || (declared.length === 0 && pipeline.rabbitmq !== undefined);
    return [...new Set([...declared, ...(isWanted ? [undefined] : [])])].map((server) => ({
      component: rabbitmqComponent(pipeline, server),
      names: [oneOf('rabbitmq', server)],
    }));
  },
  servers: ['rabbitmq'],
  step: 'rabbitmq',
  slice: 'services',
  operations: async () => (await import('./operations.js')).operations,
};

function namedServers({ pipeline }: LintContext): readonly string[] {
  return rabbitmqServers(pipeline).flatMap((server) => server ?? []);
}

function uses({ pipeline: { rabbitmq: declared }, names }: LintContext): readonly Use[] {
  return [
    ...names('targets').flatMap((target) =>
      names('targets', target, 'rabbitmqServers').map((name) => ({
        ...{ what: 'RabbitMQ server', name, idle: true },
        at: ['targets', target, 'rabbitmqServers', name],
      })),
    ),
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
