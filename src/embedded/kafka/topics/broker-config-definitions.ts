import { type ConfigDefinition, TOPIC_CONFIGS } from '../../../protocol/kafka/topic-configs.js';
import { INERT_BROKER_CONFIGS } from './inert-broker-configs.js';

/** Those that have an effect here, beside the defaults of the topic settings. */
export const EFFECTIVE_BROKER_CONFIGS: readonly ConfigDefinition[] = [
  {
    name: 'auto.create.topics.enable',
    type: 'boolean',
    default: 'true',
    documentation: 'Whether metadata requests of clients that allow it create topics.',
  },
  {
    name: 'authorizer.class.name',
    type: 'string',
    default: '',
    documentation:
      'Empty, or org.apache.kafka.metadata.authorizer.StandardAuthorizer, whose settings super.users and allow.everyone.if.no.acl.found count then.',
  },
  { name: 'broker.id', type: 'int', default: '-1', documentation: 'The id of this broker.' },
  {
    name: 'connections.max.idle.ms',
    type: 'long',
    default: '600000',
    documentation: 'Connections that are idle for this long are closed.',
  },
  {
    name: 'controller.quota.window.num',
    type: 'int',
    default: '11',
    min: 1,
    documentation: 'With the length of one: for how many seconds unused controller_mutation_rate is kept.',
  },
  {
    name: 'controller.quota.window.size.seconds',
    type: 'int',
    default: '1',
    min: 1,
    documentation: 'The length of one of these windows.',
  },
  {
    name: 'max.connection.creation.rate',
    type: 'int',
    default: '2147483647',
    min: 0,
    update: 'cluster',
    documentation: 'New connections a second; more wait.',
  },
  {
    name: 'max.connections',
    type: 'int',
    default: '2147483647',
    min: 0,
    update: 'cluster',
    documentation: 'Connections at a time; more wait until one ends.',
  },
  {
    name: 'max.connections.per.ip',
    type: 'int',
    default: '2147483647',
    min: 0,
    update: 'cluster',
    documentation: 'Connections at a time of one address; more are closed.',
  },
  {
    name: 'max.connections.per.ip.overrides',
    type: 'string',
    default: '',
    update: 'cluster',
    documentation: 'The same of single addresses, as address:number.',
  },
  {
    name: 'default.replication.factor',
    type: 'int',
    default: '1',
    min: 1,
    documentation: 'Of topics that are created without one; there is one broker.',
  },
  {
    name: 'delete.topic.enable',
    type: 'boolean',
    default: 'true',
    documentation: 'Whether topics can be deleted.',
  },
  {
    name: 'offsets.topic.num.partitions',
    type: 'int',
    default: '50',
    min: 1,
    documentation: 'Of `__consumer_offsets`, when it is created.',
  },
  {
    name: 'offsets.topic.segment.bytes',
    type: 'int',
    default: '104857600',
    min: 1,
    documentation: 'Of `__consumer_offsets`; segments are closed earlier, so that they can be compacted.',
  },
  {
    name: 'ssl.principal.mapping.rules',
    type: 'string',
    default: 'DEFAULT',
    documentation: 'Turns the name in a client’s certificate into a user’s name; DEFAULT takes all of it.',
  },
  {
    name: 'transaction.state.log.min.isr',
    type: 'int',
    default: '2',
    min: 1,
    documentation: 'Given to `__transaction_state` when it is created; there is one replica, whatever the value.',
  },
  {
    name: 'transaction.state.log.num.partitions',
    type: 'int',
    default: '50',
    min: 1,
    documentation: 'Of `__transaction_state`, when it is created.',
  },
  {
    name: 'transaction.state.log.segment.bytes',
    type: 'int',
    default: '104857600',
    min: 1,
    documentation: 'Of `__transaction_state`; segments are closed earlier, so that they can be compacted.',
  },
  {
    name: 'group.initial.rebalance.delay.ms',
    type: 'int',
    default: '3000',
    min: 0,
    documentation: 'How long the first rebalance of an empty group waits for more members.',
  },
  {
    name: 'group.max.session.timeout.ms',
    type: 'int',
    default: '1800000',
    min: 1,
    documentation: 'The longest session timeout a member may ask for.',
  },
  {
    name: 'group.min.session.timeout.ms',
    type: 'int',
    default: '6000',
    min: 1,
    documentation: 'The shortest session timeout a member may ask for.',
  },
  {
    name: 'group.max.size',
    type: 'int',
    default: '2147483647',
    min: 1,
    documentation: 'The number of members a group may have.',
  },
  {
    name: 'group.consumer.heartbeat.interval.ms',
    type: 'int',
    default: '5000',
    min: 1,
    documentation: 'How often members of the consumer protocol (KIP-848) heartbeat.',
  },
  {
    name: 'group.consumer.migration.policy',
    type: 'string',
    default: 'bidirectional',
    documentation:
      'Which groups change their protocol while they have members: `upgrade` those that a member of the consumer protocol joins, `downgrade` those that the last such member leaves, `bidirectional` both, `disabled` neither.',
  },
  {
    name: 'group.consumer.session.timeout.ms',
    type: 'int',
    default: '45000',
    min: 1,
    documentation: 'After how long without a heartbeat a member of the consumer protocol (KIP-848) is removed.',
  },
  {
    name: 'log.retention.check.interval.ms',
    type: 'long',
    default: '300000',
    min: 1,
    documentation: 'How often retention looks for segments to delete.',
  },
  {
    name: 'log.cleaner.backoff.ms',
    type: 'long',
    default: '15000',
    min: 0,
    update: 'cluster',
    documentation: 'How often compaction looks for logs that need it.',
  },
  {
    name: 'max.incremental.fetch.session.cache.slots',
    type: 'int',
    default: '1000',
    min: 0,
    documentation: 'The number of fetch sessions that are kept.',
  },
  { name: 'node.id', type: 'int', default: null, documentation: 'The id of this broker.' },
  {
    name: 'num.partitions',
    type: 'int',
    default: '1',
    min: 1,
    documentation: 'Partitions of topics that are created without a number.',
  },
  {
    name: 'offset.metadata.max.bytes',
    type: 'int',
    default: '4096',
    documentation: 'The longest metadata that may be committed with an offset.',
  },
  {
    name: 'offsets.retention.check.interval.ms',
    type: 'long',
    default: '600000',
    min: 1,
    documentation: 'How often the broker looks for committed offsets that have expired.',
  },
  {
    name: 'offsets.retention.minutes',
    type: 'int',
    default: '10080',
    min: 1,
    documentation: 'How long committed offsets of a group without members are kept.',
  },
  {
    name: 'process.roles',
    type: 'list',
    default: null,
    documentation: 'This broker is its own controller.',
  },
  {
    name: 'producer.id.expiration.ms',
    type: 'int',
    default: '86400000',
    min: 1,
    update: 'cluster',
    documentation: 'How long an idle idempotent producer is remembered.',
  },
  {
    name: 'quota.window.num',
    type: 'int',
    default: '11',
    min: 1,
    documentation: 'The number of windows over which the byte rates of clients are measured.',
  },
  {
    name: 'quota.window.size.seconds',
    type: 'int',
    default: '1',
    min: 1,
    documentation: 'The length of one of these windows.',
  },
  {
    name: 'socket.request.max.bytes',
    type: 'int',
    default: '104857600',
    min: 1,
    documentation: 'The largest request that is accepted; a larger one ends the connection.',
  },
  {
    name: 'transaction.max.timeout.ms',
    type: 'int',
    default: '900000',
    min: 1,
    documentation: 'The longest transaction timeout a producer may ask for.',
  },
  {
    name: 'transaction.abort.timed.out.transaction.cleanup.interval.ms',
    type: 'int',
    default: '10000',
    min: 1,
    documentation: 'How often the broker looks for transactions that have timed out.',
  },
  {
    name: 'transactional.id.expiration.ms',
    type: 'int',
    default: '604800000',
    min: 1,
    documentation: 'How long an unused transactional id is remembered.',
  },
  {
    name: 'advertised.listeners',
    type: 'string',
    default: null,
    documentation:
      'Where clients are told to connect; given by the options advertisedHost and advertisedPort, also of each listener.',
  },
  {
    name: 'group.consumer.max.heartbeat.interval.ms',
    type: 'int',
    default: '15000',
    min: 1,
    documentation: 'The longest heartbeat interval that a group may be given.',
  },
  {
    name: 'group.consumer.max.size',
    type: 'int',
    default: '2147483647',
    min: 1,
    documentation: 'The number of members a group of the consumer protocol may have.',
  },
  {
    name: 'group.consumer.max.session.timeout.ms',
    type: 'int',
    default: '60000',
    min: 1,
    documentation: 'The longest session timeout that a group may be given.',
  },
  {
    name: 'group.consumer.min.heartbeat.interval.ms',
    type: 'int',
    default: '5000',
    min: 1,
    documentation: 'The shortest heartbeat interval that a group may be given.',
  },
  {
    name: 'group.consumer.min.session.timeout.ms',
    type: 'int',
    default: '45000',
    min: 1,
    documentation: 'The shortest session timeout that a group may be given.',
  },
  {
    name: 'listener.security.protocol.map',
    type: 'string',
    default: 'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    update: 'broker',
    documentation: 'The security protocol of each listener.',
  },
  {
    name: 'listeners',
    type: 'string',
    default: 'PLAINTEXT://:9092',
    update: 'broker',
    documentation: 'Where this broker listens; given by the options host, port and listeners.',
  },
  {
    name: 'log.dir',
    type: 'string',
    default: '/tmp/kafka-logs',
    documentation: 'Not used: log.dirs says where the data is.',
  },
  {
    name: 'log.dirs',
    type: 'string',
    default: null,
    documentation: 'The data folder.',
  },
  {
    name: 'log.retention.hours',
    type: 'int',
    default: '168',
    documentation: 'Sets log.retention.ms where neither that nor log.retention.minutes is given.',
  },
  {
    name: 'log.retention.minutes',
    type: 'int',
    default: null,
    documentation: 'Sets log.retention.ms where that is not given.',
  },
  {
    name: 'log.roll.hours',
    type: 'int',
    default: '168',
    min: 1,
    documentation: 'Sets log.roll.ms where that is not given.',
  },
  {
    name: 'log.roll.jitter.hours',
    type: 'int',
    default: '0',
    min: 0,
    documentation: 'Sets log.roll.jitter.ms where that is not given.',
  },
];

/** Of these a broker has no value unless one is set; the last is what topics have then, the others come from the coarser settings. */
const UNSET: ReadonlySet<string> = new Set([
  'log.retention.ms',
  'log.roll.ms',
  'log.roll.jitter.ms',
  'log.flush.interval.ms',
]);

const ofTopics: readonly ConfigDefinition[] = TOPIC_CONFIGS.flatMap((definition) => {
  const { brokerName, ...rest } = definition;
  return brokerName === undefined
    ? []
    : [
        {
          ...rest,
          name: brokerName,
          default: UNSET.has(brokerName) ? null : rest.default,
          update: 'cluster' as const,
          documentation: `Default of ${definition.name}.`,
        },
      ];
});

const inert: readonly ConfigDefinition[] = INERT_BROKER_CONFIGS.flatMap(({ because, configs }) =>
  configs.map(([name, type, value, limits]) => ({
    name,
    type,
    default: value,
    ...limits,
    documentation: `No effect here. ${because}`,
  })),
);

/** Every setting that DescribeConfigs of the broker tells, by name. */
export const BROKER_CONFIG_BY_NAME: ReadonlyMap<string, ConfigDefinition> = new Map(
  [...ofTopics, ...EFFECTIVE_BROKER_CONFIGS, ...inert]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((definition) => [definition.name, definition]),
);

/** What a node's file says in any case, beside what the options give. */
export const NODE_FILE: Readonly<Record<string, string>> = {
  'broker.id': '1',
  'group.initial.rebalance.delay.ms': '0',
  'node.id': '1',
  'offsets.topic.replication.factor': '1',
  'process.roles': 'broker,controller',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.replication.factor': '1',
};
