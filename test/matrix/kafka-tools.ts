import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, it } from 'vitest';
import type { JavaClients } from '../real/kafka/java.js';
import type { Recorded } from '../support/recorded.js';

const TOOLS = 'org.apache.kafka.tools';
const TOPIC = 'tools-topic';
const GROUP = 'tools-group';

/** What one command says, without what differs from run to run. */
export type Step = readonly [what: string, run: (tool: Tools) => Promise<string>];

/** Real Kafka takes a moment to apply what it accepted: asks until the answer has the sign of it. */
export async function settled(ask: () => Promise<string>, sign: string): Promise<string> {
  let answer = '';
  for (let tries = 0; tries < 100 && !answer.includes(sign); tries++) answer = await ask();
  return answer;
}

/** In an order that doesn't hang on hash tables. */
const sorted = (text: string): string => text.split('\n').sort().join('\n');

/** The tools by the names of their shell scripts. */
export class Tools {
  constructor(
    private readonly java: JavaClients,
    private readonly bootstrap: string,
    readonly folder: string,
  ) {}

  private async say(main: string, args: readonly string[], input?: string): Promise<string> {
    const { out, err, code } = await this.java.tool(main, args, input);
    const lines = `${out}\n${err}`
      .split('\n')
      .map((line) => line.replaceAll(this.bootstrap, 'HOST').replaceAll(/\s+/g, ' ').trim())
      .filter((line) => line !== '' && !/ WARN |^WARNING|^\[|deprecated|^at |^(Driver\$Ended: )?exit \d$/.test(line));
    return [...(code === 0 ? [] : [`exit ${code}`]), ...lines].join('\n');
  }

  private server = (args: readonly string[]): string[] => ['--bootstrap-server', this.bootstrap, ...args];

  topics = (...args: string[]) => this.say(`${TOOLS}.TopicCommand`, this.server(args));
  configs = (...args: string[]) => this.say('kafka.admin.ConfigCommand', this.server(args));
  groups = async (...args: string[]) =>
    sorted(await this.say(`${TOOLS}.consumer.group.ConsumerGroupCommand`, this.server(args)));
  allGroups = (...args: string[]) => this.say(`${TOOLS}.GroupsCommand`, this.server(args));
  offsets = (...args: string[]) => this.say(`${TOOLS}.GetOffsetShell`, this.server(args));
  produce = (input: string, ...args: string[]) => this.say(`${TOOLS}.ConsoleProducer`, this.server(args), input);
  consume = (...args: string[]) => this.say(`${TOOLS}.consumer.ConsoleConsumer`, this.server(args));
  logDirs = (...args: string[]) => this.say(`${TOOLS}.LogDirsCommand`, this.server(args));
  transactions = (...args: string[]) => this.say(`${TOOLS}.TransactionsCommand`, this.server(args));
  cluster = (...args: string[]) => this.say(`${TOOLS}.ClusterTool`, args.concat(this.server([])));
  acls = (...args: string[]) => this.say(`${TOOLS}.AclCommand`, this.server(args));
  leaders = (...args: string[]) => this.say(`${TOOLS}.LeaderElectionCommand`, this.server(args));
  reassign = (...args: string[]) => this.say(`${TOOLS}.reassign.ReassignPartitionsCommand`, this.server(args));
  apiVersions = () => this.say(`${TOOLS}.BrokerApiVersionsCommand`, this.server([]));
  deleteRecords = async (...args: string[]) =>
    sorted(await this.say(`${TOOLS}.DeleteRecordsCommand`, this.server(args)));
  features = (...args: string[]) => this.say(`${TOOLS}.FeatureCommand`, this.server(args));
  quorum = (...args: string[]) => this.say(`${TOOLS}.MetadataQuorumCommand`, this.server(args));
  producerPerf = (...args: string[]) =>
    this.say(`${TOOLS}.ProducerPerformance`, [...args, '--producer-props', `bootstrap.servers=${this.bootstrap}`]);
  consumerPerf = (...args: string[]) => this.say(`${TOOLS}.ConsumerPerformance`, this.server(args));
  endToEnd = (...args: string[]) => this.say(`${TOOLS}.EndToEndLatency`, [this.bootstrap, ...args]);
  verifiableProducer = (...args: string[]) => this.say(`${TOOLS}.VerifiableProducer`, this.server(args));
  verifiableConsumer = (...args: string[]) => this.say(`${TOOLS}.VerifiableConsumer`, this.server(args));

  async file(name: string, content: unknown): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, JSON.stringify(content));
    return path;
  }
}

const without = (text: string, ...patterns: RegExp[]): string =>
  patterns.reduce((left, pattern) => left.replaceAll(pattern, '…'), text);

const TOPIC_ID = /(?<=TopicId: )\S+/g;

/** In this order: later steps see what earlier ones did. */
const STEPS: readonly Step[] = [
  [
    'kafka-topics creates',
    (tool) =>
      tool.topics(
        '--create',
        '--topic',
        TOPIC,
        '--partitions',
        '2',
        '--config',
        'retention.ms=900000',
        '--config',
        'max.message.bytes=100000',
      ),
  ],
  ['kafka-topics refuses to create again', (tool) => tool.topics('--create', '--topic', TOPIC)],
  ['kafka-topics creates where it is missing', (tool) => tool.topics('--create', '--topic', TOPIC, '--if-not-exists')],
  ['kafka-topics adds partitions', (tool) => tool.topics('--alter', '--topic', TOPIC, '--partitions', '3')],
  ['kafka-topics describes', async (tool) => without(await tool.topics('--describe', '--topic', TOPIC), TOPIC_ID)],
  ['kafka-topics lists', (tool) => tool.topics('--list', '--topic', `${TOPIC}|none`)],
  ['kafka-topics finds nothing wrong', (tool) => tool.topics('--describe', '--under-replicated-partitions')],
  ['kafka-topics misses one', (tool) => tool.topics('--describe', '--topic', 'missing')],
  [
    'kafka-console-producer writes keys and headers',
    (tool) =>
      tool.produce(
        'h:1\ta=one\nh:2\tb=two\nh:3\tc=three\n',
        '--topic',
        TOPIC,
        '--property',
        'parse.key=true',
        '--property',
        'key.separator==',
        '--property',
        'parse.headers=true',
        '--compression-codec',
        'zstd',
      ),
  ],
  [
    'kafka-console-consumer reads them',
    async (tool) =>
      (
        await tool.consume(
          '--topic',
          TOPIC,
          '--from-beginning',
          '--max-messages',
          '3',
          '--timeout-ms',
          '20000',
          '--property',
          'print.key=true',
          '--property',
          'print.headers=true',
        )
      )
        .split('\n')
        .sort()
        .join('\n'),
  ],
  [
    'kafka-console-consumer reads as a group',
    (tool) =>
      tool
        .consume('--topic', TOPIC, '--group', GROUP, '--from-beginning', '--max-messages', '3', '--timeout-ms', '20000')
        .then((text) => text.split('\n').sort().join('\n')),
  ],
  [
    'kafka-console-consumer reads from an offset',
    (tool) =>
      tool.consume(
        '--topic',
        TOPIC,
        '--partition',
        '0',
        '--offset',
        'earliest',
        '--max-messages',
        '0',
        '--timeout-ms',
        '5000',
      ),
  ],
  [
    'kafka-consumer-groups lists',
    async (tool) => ((await tool.groups('--list')).split('\n').includes(GROUP) ? 'it is listed' : 'missing'),
  ],
  [
    'kafka-groups lists',
    async (tool) =>
      (await tool.allGroups('--list'))
        .split('\n')
        .filter((line) => line.startsWith(GROUP) || line.startsWith('GROUP'))
        .join('\n'),
  ],
  ['kafka-consumer-groups describes', (tool) => tool.groups('--describe', '--group', GROUP)],
  ['kafka-consumer-groups tells the state', (tool) => tool.groups('--describe', '--group', GROUP, '--state')],
  ['kafka-consumer-groups tells the members', (tool) => tool.groups('--describe', '--group', GROUP, '--members')],
  [
    'kafka-consumer-groups tries a reset',
    (tool) => tool.groups('--reset-offsets', '--group', GROUP, '--topic', TOPIC, '--to-earliest', '--dry-run'),
  ],
  [
    'kafka-consumer-groups resets',
    (tool) =>
      tool.groups('--reset-offsets', '--group', GROUP, '--topic', `${TOPIC}:0,1`, '--to-offset', '0', '--execute'),
  ],
  [
    'kafka-consumer-groups deletes offsets',
    (tool) => tool.groups('--delete-offsets', '--group', GROUP, '--topic', TOPIC),
  ],
  ['kafka-consumer-groups deletes', (tool) => tool.groups('--delete', '--group', GROUP)],
  [
    'kafka-consumer-groups misses one',
    async (tool) =>
      (await tool.groups('--describe', '--group', 'missing')).split('\n').find((line) => line.startsWith('Error')) ??
      '',
  ],
  ['kafka-get-offsets tells the ends', (tool) => tool.offsets('--topic', TOPIC)],
  ['kafka-get-offsets tells the beginnings', (tool) => tool.offsets('--topic', TOPIC, '--time', 'earliest')],
  [
    'kafka-delete-records deletes',
    async (tool) => {
      const partitions = [0, 1, 2].map((partition) => ({ topic: TOPIC, partition, offset: -1 }));
      return tool.deleteRecords('--offset-json-file', await tool.file('delete.json', { partitions, version: 1 }));
    },
  ],
  [
    'kafka-configs alters a topic',
    (tool) =>
      tool.configs(
        '--alter',
        '--entity-type',
        'topics',
        '--entity-name',
        TOPIC,
        '--add-config',
        'retention.ms=800000,cleanup.policy=[compact,delete]',
      ),
  ],
  [
    'kafka-configs describes a topic',
    (tool) => settled(() => tool.configs('--describe', '--entity-type', 'topics', '--entity-name', TOPIC), '800000'),
  ],
  [
    'kafka-configs removes',
    (tool) =>
      tool.configs('--alter', '--entity-type', 'topics', '--entity-name', TOPIC, '--delete-config', 'retention.ms'),
  ],
  [
    'kafka-configs refuses nonsense',
    (tool) =>
      tool
        .configs('--alter', '--entity-type', 'topics', '--entity-name', TOPIC, '--add-config', 'no.such=1')
        .then((text) => text.split('\n').slice(0, 2).join('\n')),
  ],
  [
    'kafka-configs alters the broker',
    (tool) =>
      tool.configs(
        '--alter',
        '--entity-type',
        'brokers',
        '--entity-name',
        '1',
        '--add-config',
        'log.cleaner.backoff.ms=150',
      ),
  ],
  [
    'kafka-configs describes the broker',
    (tool) => settled(() => tool.configs('--describe', '--entity-type', 'brokers', '--entity-name', '1'), '=150 '),
  ],
  [
    'kafka-configs puts the broker back',
    (tool) =>
      tool.configs(
        '--alter',
        '--entity-type',
        'brokers',
        '--entity-name',
        '1',
        '--delete-config',
        'log.cleaner.backoff.ms',
      ),
  ],
  [
    'kafka-configs sets a quota',
    (tool) =>
      tool.configs(
        '--alter',
        '--entity-type',
        'users',
        '--entity-name',
        'eve',
        '--add-config',
        'producer_byte_rate=1048576',
      ),
  ],
  [
    'kafka-configs describes a quota',
    (tool) =>
      settled(() => tool.configs('--describe', '--entity-type', 'users', '--entity-name', 'eve'), 'producer_byte_rate'),
  ],
  [
    'kafka-configs removes a quota',
    (tool) =>
      tool.configs(
        '--alter',
        '--entity-type',
        'users',
        '--entity-name',
        'eve',
        '--delete-config',
        'producer_byte_rate',
      ),
  ],
  [
    'kafka-configs adds a SCRAM user',
    (tool) =>
      tool.configs(
        '--alter',
        '--entity-type',
        'users',
        '--entity-name',
        'eve',
        '--add-config',
        'SCRAM-SHA-256=[iterations=8192,password=x]',
      ),
  ],
  [
    'kafka-log-dirs tells the sizes',
    async (tool) =>
      without(
        await tool.logDirs('--describe', '--topic-list', TOPIC),
        /(?<=logDir":")[^"]*/g,
        /(?<=(size|totalBytes|usableBytes)":)\d+/g,
        /\{"partition":"[^}]*\}/g,
      ),
  ],
  ['kafka-transactions lists none that hang', (tool) => tool.transactions('find-hanging', '--broker-id', '1')],
  [
    'kafka-transactions describes producers',
    (tool) => tool.transactions('describe-producers', '--topic', TOPIC, '--partition', '0'),
  ],
  [
    'kafka-cluster tells its id',
    async (tool) => (await tool.cluster('cluster-id')).replace(/Cluster ID: \S{22}$/, 'Cluster ID: …'),
  ],
  [
    'kafka-acls is told that there is no authorizer',
    async (tool) => (await tool.acls('--list')).split('\n').find((line) => line.includes('SecurityDisabled')) ?? 'no',
  ],
  [
    'kafka-leader-election has nothing to do',
    (tool) => tool.leaders('--election-type', 'preferred', '--topic', TOPIC, '--partition', '0'),
  ],
  [
    'kafka-reassign-partitions keeps things where they are',
    async (tool) => {
      const partitions = [{ topic: TOPIC, partition: 0, replicas: [1], log_dirs: ['any'] }];
      const file = await tool.file('reassign.json', { version: 1, partitions });
      return [
        await tool.reassign('--reassignment-json-file', file, '--execute'),
        await tool.reassign('--reassignment-json-file', file, '--verify'),
      ].join('\n');
    },
  ],
  [
    'kafka-broker-api-versions is answered',
    async (tool) =>
      (await tool.apiVersions())
        .split('\n')
        .filter((line) => /^(Produce|Fetch|Metadata|EndTxn|ConsumerGroupHeartbeat)\(/.test(line))
        .join('\n'),
  ],
  [
    'kafka-features describes',
    async (tool) =>
      (await tool.features('describe'))
        .split('\n')
        .filter((line) => /transaction.version|group.version/.test(line) && !/share|streams/.test(line))
        .map((line) => line.replace(/Epoch: \d+/, 'Epoch: …'))
        .join('\n'),
  ],
  [
    'kafka-metadata-quorum tells the leader',
    async (tool) =>
      (await tool.quorum('describe', '--status'))
        .split('\n')
        .filter((line) => /LeaderId|MaxFollowerLag:/.test(line))
        .join('\n'),
  ],
  [
    'kafka-producer-perf-test writes',
    async (tool) =>
      (
        await tool.producerPerf(
          '--topic',
          'tools-perf',
          '--num-records',
          '20000',
          '--record-size',
          '100',
          '--throughput',
          '-1',
          '--transactional-id',
          'perf',
          '--transaction-duration-ms',
          '200',
        )
      ).replace(/(?<=records sent).*/s, ' …'),
  ],
  [
    'kafka-consumer-perf-test reads',
    async (tool) =>
      (await tool.consumerPerf('--topic', 'tools-perf', '--messages', '20000', '--timeout', '20000', '--group', 'perf'))
        .split('\n')
        .slice(1)
        .map((line) => line.split(', ')[4])
        .join(),
  ],
  [
    'EndToEndLatency measures',
    async (tool) =>
      (await tool.endToEnd('tools-latency', '50', 'all', '100'))
        .split('\n')
        .some((line) => line.startsWith('Percentiles:'))
        ? 'measured'
        : 'failed',
  ],
  [
    'VerifiableConsumer reads what VerifiableProducer wrote',
    async (tool) => {
      const topic = 'tools-verifiable';
      await tool.verifiableProducer('--topic', topic, '--max-messages', '1000', '--acks', '-1');
      const assignor = 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor';
      const group = ['--group-id', topic, '--reset-policy', 'earliest', '--assignment-strategy', assignor];
      const lines = (await tool.verifiableConsumer('--topic', topic, '--max-messages', '1000', ...group)).split('\n');
      const events = lines.map((line) => JSON.parse(line) as { name: string; count?: number });
      const consumed = events.filter(({ name }) => name === 'records_consumed');
      return String(consumed.reduce((sum, { count = 0 }) => sum + count, 0));
    },
  ],
  [
    'kafka-topics deletes',
    (tool) => tool.topics('--delete', '--topic', `${TOPIC}|tools-verifiable|tools-latency|tools-perf`),
  ],
  ['kafka-topics misses what it deleted', (tool) => tool.topics('--delete', '--topic', TOPIC)],
];

/** Apache's command line tools say on this broker what they said on the real one. */
export function kafkaTools(recorded: Recorded, context: () => { java: JavaClients; bootstrapServers: string }): void {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evpipe-tools-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  for (const [what, run] of STEPS) {
    it(what, async () => {
      const { java, bootstrapServers } = context();
      recorded.check(what, await run(new Tools(java, bootstrapServers, folder)));
    });
  }
}
