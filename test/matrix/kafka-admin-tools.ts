import { type Step, settled } from './kafka-tools.js';

const TOPIC = 'admin-topic';

/** The lines of a listing, in an order that no hash table decides. */
const lines = (text: string): string => text.split('\n').sort().join('\n');

const entity = (type: string, name?: string): string[] =>
  name === undefined ? ['--entity-type', type, '--entity-default'] : ['--entity-type', type, '--entity-name', name];

/** Access and quotas by Apache's command line tools, on a broker with an authorizer; later steps see what earlier ones did. */
export const ADMIN_STEPS: readonly Step[] = [
  ['kafka-acls lists none', (tool) => tool.acls('--list')],
  [
    'kafka-acls lets a producer write',
    async (tool) => lines(await tool.acls('--add', '--allow-principal', 'User:ann', '--producer', '--topic', TOPIC)),
  ],
  [
    'kafka-acls lets a consumer read',
    async (tool) =>
      lines(
        await tool.acls('--add', '--allow-principal', 'User:bob', '--consumer', '--topic', TOPIC, '--group', 'readers'),
      ),
  ],
  [
    'kafka-acls denies a host',
    async (tool) => {
      const who = ['--deny-principal', 'User:bob', '--deny-host', '10.0.0.9'];
      return lines(await tool.acls('--add', ...who, '--operation', 'Read', '--topic', TOPIC));
    },
  ],
  [
    'kafka-acls allows a prefix',
    async (tool) => {
      const who = ['--allow-principal', 'User:*', '--operation', 'Describe'];
      return lines(await tool.acls('--add', ...who, '--topic', 'admin-', '--resource-pattern-type', 'prefixed'));
    },
  ],
  [
    'kafka-acls allows an operation on the cluster',
    async (tool) =>
      lines(await tool.acls('--add', '--allow-principal', 'User:ann', '--operation', 'Create', '--cluster')),
  ],
  [
    'kafka-acls allows transactions',
    async (tool) =>
      lines(
        await tool.acls('--add', '--allow-principal', 'User:ann', '--operation', 'All', '--transactional-id', 'tx'),
      ),
  ],
  [
    'kafka-acls lists those of a topic',
    async (tool) => lines(await settled(() => tool.acls('--list', '--topic', TOPIC), '10.0.0.9')),
  ],
  [
    'kafka-acls lists all that match a name',
    async (tool) => lines(await tool.acls('--list', '--topic', TOPIC, '--resource-pattern-type', 'match')),
  ],
  ['kafka-acls lists those of a user', async (tool) => lines(await tool.acls('--list', '--principal', 'User:bob'))],
  ['kafka-acls lists those of the cluster', async (tool) => lines(await tool.acls('--list', '--cluster'))],
  [
    'kafka-acls refuses an operation that a resource does not have',
    async (tool) =>
      (await tool.acls('--add', '--allow-principal', 'User:a', '--operation', 'Write', '--group', 'g')).split(
        '\n',
      )[0] ?? '',
  ],
  [
    'kafka-acls removes one',
    async (tool) => {
      const which = ['--deny-principal', 'User:bob', '--deny-host', '10.0.0.9', '--operation', 'Read'];
      await tool.acls('--remove', '--force', ...which, '--topic', TOPIC);
      return lines(await tool.acls('--list', '--topic', TOPIC));
    },
  ],
  [
    'kafka-acls removes all of a topic',
    async (tool) => {
      await tool.acls('--remove', '--force', '--topic', TOPIC);
      return lines(await tool.acls('--list'));
    },
  ],
  [
    'kafka-configs sets a quota of all users',
    (tool) => tool.configs('--alter', ...entity('users'), '--add-config', 'consumer_byte_rate=2097152'),
  ],
  [
    'kafka-configs sets a quota of a client of a user',
    (tool) =>
      tool.configs(
        '--alter',
        ...entity('users', 'ann'),
        ...entity('clients', 'one'),
        '--add-config',
        'request_percentage=150,producer_byte_rate=1048576',
      ),
  ],
  [
    'kafka-configs sets a quota of an address',
    (tool) => tool.configs('--alter', ...entity('ips', '127.0.0.1'), '--add-config', 'connection_creation_rate=1000'),
  ],
  [
    'kafka-configs describes the quotas of users',
    // Users of the options can log in by SCRAM too.
    async (tool) =>
      lines(await settled(() => tool.configs('--describe', '--entity-type', 'users'), '2097152')).replaceAll(
        /\n?SCRAM.*/g,
        '',
      ),
  ],
  [
    'kafka-configs describes the quotas of users and clients',
    async (tool) => lines(await tool.configs('--describe', '--entity-type', 'users', '--entity-type', 'clients')),
  ],
  [
    'kafka-configs describes the quotas of addresses',
    async (tool) => lines(await tool.configs('--describe', '--entity-type', 'ips')),
  ],
  [
    'kafka-configs refuses a quota of nothing known',
    async (tool) =>
      (await tool.configs('--alter', ...entity('users', 'ann'), '--add-config', 'no_such_rate=5')).split('\n')[0] ?? '',
  ],
  [
    'kafka-configs removes the quota of all users',
    (tool) => tool.configs('--alter', ...entity('users'), '--delete-config', 'consumer_byte_rate'),
  ],
  [
    'kafka-configs alters a group',
    (tool) => tool.configs('--alter', ...entity('groups', 'g'), '--add-config', 'consumer.session.timeout.ms=50000'),
  ],
  [
    'kafka-configs describes a group',
    async (tool) => lines(await settled(() => tool.configs('--describe', ...entity('groups', 'g')), '=50000')),
  ],
  [
    'kafka-configs subscribes to metrics of clients',
    (tool) =>
      tool.configs(
        '--alter',
        ...entity('client-metrics', 'm'),
        '--add-config',
        'interval.ms=30000,metrics=[org.a,org.b]',
      ),
  ],
  [
    'kafka-configs describes that subscription',
    async (tool) => lines(await settled(() => tool.configs('--describe', ...entity('client-metrics', 'm')), '=30000')),
  ],
  [
    'kafka-configs misses the loggers of another broker',
    (tool) =>
      tool
        .configs('--describe', '--entity-type', 'broker-loggers', '--entity-name', '7')
        .then((text) => text.split('\n')[0] ?? ''),
  ],
  ['kafka-groups lists groups of consumers', (tool) => tool.allGroups('--list', '--consumer')],
  ['kafka-groups lists share groups', (tool) => tool.allGroups('--list', '--share')],
];
