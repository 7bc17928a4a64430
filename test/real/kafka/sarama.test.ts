import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GO_BROKERS } from './go-brokers.js';
import { buildGoSuite, runGoSuite } from './go-suite.js';

/** Its functional tests expect five brokers behind toxiproxy; changed so, those that need no second broker run on one. */
const SUITE = {
  module: 'github.com/IBM/sarama',
  version: 'v1.61.1',
  sum: 'h1:I59MWPHQUWqJNdRpsDUcbeCriog8SxjQaPfHNWxidEg=',
  folder: '.',
  tags: 'functional',
  edits: {
    'functional_test.go': [
      ['ReplicationFactor: 3', 'ReplicationFactor: 1'],
      [
        'for i := 1; i <= 5; i++ {',
        'env.KafkaBrokerAddrs = []string{os.Getenv("KAFKA_ADDR")}\n\tfor i := 1; i < 1; i++ {',
      ],
      ['err := FunctionalTestEnv.ToxiproxyClient.ResetState()', 'err := error(nil)'],
    ],
    // The latency that toxiproxy adds.
    'functional_producer_test.go': [['minRequestLatencyInMs := 10', 'minRequestLatencyInMs := 0']],
  },
} as const;

/** They stop one of several brokers, cut connections at the proxy, or run Kafka's tools in its container. */
const NEED_MORE_THAN_A_BROKER = [
  'TestConsumerFetchFollowerFailover',
  'TestFuncAdminAlterPartitionReassignments',
  'TestFuncAdminListConsumerGroupOffsets',
  'TestFuncAdminNetworkErrorClosesControllerConnection',
  'TestFuncConnectionFailure',
  'TestFuncIdempotentBufferedSequence',
  'TestFuncJavaInteropCooperativeRebalance',
  'TestFuncProducingIdempotentWithBrokerFailure',
  'TestFuncTxnProduceWithBrokerFailure',
  'TestJava\\w+',
];

/** Long, and about the client: groups that grow and shrink for half a minute, a wait of 30 s for a coordinator. */
const LONG = ['TestFuncConsumerGroupFuzzy', 'TestFuncTxnProduceAndCommitOffset'];

/** The others are for the client alone. */
const FUNCTIONAL =
  '^(TestFunc\\w+|TestConsumer(HighWaterMarkOffset|PartialBatchRecovery|GroupDeadlock)|TestVersionMatrix\\w*|' +
  'TestReadOnlyAndAllCommittedMessages|TestInterceptors|TestAsyncProducerRemoteBrokerClosed)$';

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-sarama-'));
  program = await buildGoSuite(SUITE);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(GO_BROKERS)('passes the functional tests of sarama: %s', async (name, start) => {
  const config = { 'auto.create.topics.enable': 'false', 'group.initial.rebalance.delay.ms': '0' };
  const broker = await start(join(folder, name.replaceAll(' ', '-')), config);
  try {
    const env = { KAFKA_ADDR: broker.bootstrapServers, TOXIPROXY_ADDR: 'http://127.0.0.1:1', KAFKA_VERSION: '4.1.1' };
    const without = `^(${[...NEED_MORE_THAN_A_BROKER, ...LONG].join('|')})$`;
    const { passed, failed, skipped } = await runGoSuite(program, folder, { tests: FUNCTIONAL, without, env });
    expect(failed).toEqual({});
    expect(skipped).toEqual(['TestReadOnlyAndAllCommittedMessages']);
    expect(passed).toHaveLength(56);
  } finally {
    await broker.stop();
  }
});
