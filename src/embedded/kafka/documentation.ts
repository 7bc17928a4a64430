import { TOPIC_CONFIGS } from '../../protocol/kafka/topic-configs.js';
import { markdownTable } from '../../support/markdown.js';
import { ACCESS_RULE_BY_KEY } from './access/table.js';
import type { Handler } from './requests/handler.js';
import { HANDLERS } from './requests/table.js';
import { EFFECTIVE_BROKER_CONFIGS } from './topics/broker-config-definitions.js';
import { INERT_BROKER_CONFIGS } from './topics/inert-broker-configs.js';

const requestRow = ({ api, versions, support }: Handler): string[] => [
  String(api.key),
  api.name,
  `${versions[0]}–${versions[1]}`,
  support.supports,
  support.lacks ?? '',
  ACCESS_RULE_BY_KEY.get(api.key)?.needs ?? '',
];

const CLIENTS = [
  [
    'Apache’s clients and tools 4.1.1',
    'scenarios with producers, consumers, groups of both protocols, transactions and Admin; Streams; Connect',
  ],
  ['librdkafka (confluent-kafka 2.16.1), kcat', 'scenarios, as of Apache’s clients'],
  ['kafkajs 2.2.4', 'scenarios'],
  ['aiokafka 0.14.0', 'scenarios: codecs, transactions, groups by every assignor, offsets, Admin, logins and TLS'],
  ['franz-go 1.22.3', 'all tests of its package kgo, but for share groups, OAUTHBEARER and brokers older than 4.0'],
  ['sarama 1.61.1', 'its functional tests, but for those that need several brokers or a proxy between'],
];

/** docs/kafka.md: from the table that answers ApiVersions and from the tables of settings. */
export function kafkaDocumentation(): string {
  return [
    '# The embedded Kafka broker',
    '',
    'One node, the protocol of Kafka 4.1, its data in one folder. `evpipe up` runs it for the pipeline, `evpipe kafka` runs it alone,',
    'and `startKafka` of `evpipe/kafka` runs it inside a test. This page is generated from the tables that the broker itself uses.',
    '',
    '## Requests',
    '',
    ...markdownTable(
      ['key', 'request', 'versions', 'supported', 'not supported', 'needs, with an authorizer'],
      HANDLERS.map(requestRow),
    ),
    '',
    'These are the requests and versions that a Kafka 4.1 node announces. Share groups (KIP-932) are refused as by a node with the',
    'feature off. Not supported: the streams group protocol (KIP-1071), tiered storage, requests between brokers and to',
    'controllers.',
    '',
    'Two answers differ on purpose. A topic that a Metadata request creates is there in its answer, with its leader, where a real node says',
    'UNKNOWN_TOPIC_OR_PARTITION until it has created it. `share.version` and `kraft.version` have no level but 0, where a real node also has 1.',
    '',
    '## Access',
    '',
    '`authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer`, or the options `superUsers` and `acls`, switch Kafka’s',
    'authorizer on: DENY wins over ALLOW, names are literal, prefixes or `*`, READ, WRITE, DELETE and ALTER imply DESCRIBE,',
    'ALTER_CONFIGS implies DESCRIBE_CONFIGS. A client that logs in is `User:name`; one with a certificate, on a listener that asks for it, has the',
    'name in it, by `ssl.principal.mapping.rules`; all others are `User:ANONYMOUS`. ACLs are kept in the data folder.',
    '',
    '## Clients',
    '',
    'What `npm run test:real` runs on this broker. Scenarios are held to the answers of a Kafka 4.1.1 node; suites are the clients’ own.',
    '',
    ...markdownTable(['client', 'what runs'], CLIENTS),
    '',
    '## Coordinators',
    '',
    'Groups and their offsets are kept in `__consumer_offsets`, transactions in `__transaction_state`: compacted topics with Kafka’s record',
    'formats, which its formatters and `kafka-dump-log` read. They are created when a coordinator is first looked for. Clients can read them,',
    'and neither write to them nor change the number of their partitions. Journals of older versions are taken over by the first start.',
    '',
    '## Durability',
    '',
    'What was acknowledged survives the end of the process, however it ends. Nothing is forced to disk per record: a power failure can cost',
    'what the operating system had not yet written, as with Kafka’s own defaults. After a crash only what came behind the last checkpoint',
    '(32 MiB a partition) is read and checked, and a torn end is cut off.',
    '',
    '## Topic settings',
    '',
    ...markdownTable(
      ['setting', 'default', 'broker setting', 'meaning'],
      TOPIC_CONFIGS.map(({ name, default: value, brokerName, documentation }) => [
        name,
        value ?? '',
        brokerName ?? '',
        documentation,
      ]),
    ),
    '',
    '## Broker settings',
    '',
    'Beside the defaults of the topic settings; given in `config` of the options, many can be altered while the broker runs. DescribeConfigs lists all 316 of Kafka 4.1.',
    '',
    ...markdownTable(
      ['setting', 'default', 'meaning'],
      EFFECTIVE_BROKER_CONFIGS.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(
        ({ name, default: value, documentation }) => [name, value ?? '', documentation],
      ),
    ),
    '',
    '### Listed, checked and kept, without effect',
    '',
    ...INERT_BROKER_CONFIGS.map(
      ({ because, configs }) => `- ${because} ${configs.map(([name]) => `\`${name}\``).join(', ')}`,
    ),
    '',
  ].join('\n');
}
