import { it } from 'vitest';
import type { BrokerUnderTest } from '../real/kafka/brokers.js';
import type { JavaClients } from '../real/kafka/java.js';
import type { Recorded } from '../support/recorded.js';

type Options = Readonly<Record<string, string>>;
type Scenario = readonly [what: string, name: string, options?: Options];

const PROTOCOLS = ['classic', 'consumer'] as const;
const CLASSIC_ASSIGNORS = ['RangeAssignor', 'RoundRobinAssignor', 'StickyAssignor', 'CooperativeStickyAssignor'];
const REMOTE_ASSIGNORS = ['uniform', 'range'];

/** Each is a method of test/real/kafka/java, where what it does is written. */
const SCENARIOS: readonly Scenario[] = [
  ['every compression with every acks', 'Records.codecs'],
  ['offsets by time, at the ends and at the greatest time', 'Records.listOffsets'],
  ['deletion of records', 'Records.deleteRecords'],
  ['bounds of records and of fetches', 'Records.sizes'],
  ['the time of arrival', 'Records.appendTime'],
  ['a fetch that waits for data', 'Records.waiting'],
  ['compaction with tombstones', 'Records.compaction'],
  ['retention by time and by size', 'Records.retention'],
  ['topics that are created by use', 'Records.autoCreation'],
  ['leader epochs', 'Records.leaderEpochs'],
  ['committed, aborted and open transactions', 'Transactions.visibility'],
  ['a fenced zombie', 'Transactions.fencing'],
  ['a transaction that takes too long', 'Transactions.timeout'],
  ['offsets within transactions', 'Transactions.offsets'],
  ['transactions as administrators see and end them', 'Transactions.administration'],
  ['many transactions at once', 'Transactions.many'],
  ...CLASSIC_ASSIGNORS.map(
    (assignor): Scenario => [`a group with ${assignor}`, 'Groups.sharing', { protocol: 'classic', assignor }],
  ),
  ...REMOTE_ASSIGNORS.map(
    (assignor): Scenario => [
      `a group with the broker's ${assignor} assignor`,
      'Groups.sharing',
      { protocol: 'consumer', assignor },
    ],
  ),
  ...PROTOCOLS.flatMap((protocol): Scenario[] => [
    [`a static member that comes back (${protocol})`, 'Groups.staticMember', { protocol }],
    [`two processes with one instance id (${protocol})`, 'Groups.twoOfOneInstance', { protocol }],
    [`a member that does not poll (${protocol})`, 'Groups.pollInterval', { protocol }],
    [`topics by pattern (${protocol})`, 'Groups.pattern', { protocol }],
    [`groups as administrators change them (${protocol})`, 'Groups.administration', { protocol }],
  ]),
  ['a group that changes its protocol', 'Groups.upgrade'],
  ...['RangeAssignor', 'CooperativeStickyAssignor'].map(
    (assignor): Scenario => [
      `a group that changes its protocol with members (${assignor})`,
      'Groups.migration',
      { assignor },
    ],
  ),
  ['what a broker keeps of a group', 'Groups.records'],
  ['topics', 'Administration.topics'],
  ["a topic's settings", 'Administration.configs'],
  ["the broker's settings", 'Administration.brokerConfigs'],
  ['cluster, directories, leaders, ACLs, tokens, quorum', 'Administration.cluster'],
  ['quotas', 'Administration.quotas'],
  ['SCRAM users', 'Administration.scramUsers'],
  ...['SASL_PLAINTEXT', 'SASL_SSL'].flatMap((protocol) =>
    ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
      (mechanism): Scenario => [
        `login by ${mechanism} over ${protocol}`,
        'Administration.login',
        { protocol, mechanism },
      ],
    ),
  ),
  ['TLS without login', 'Administration.login', { protocol: 'SSL', mechanism: 'PLAIN' }],
];

/** Apache's Java clients get from this broker what the real one gave them. */
export function kafkaJava(
  recorded: Recorded,
  context: () => { java: JavaClients; broker: BrokerUnderTest; certificate: string },
): void {
  for (const [what, name, options = {}] of SCENARIOS) {
    it(what, async () => {
      const { java, broker, certificate } = context();
      const address = broker.listeners[options.protocol ?? ''] ?? broker.bootstrapServers;
      const tls = options.protocol?.includes('SSL') === true ? { certificate } : {};
      recorded.check(what, await java.scenario(name, address, { ...options, ...tls }));
    });
  }
}
