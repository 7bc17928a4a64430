import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GO_BROKERS } from './go-brokers.js';
import { buildGoSuite, runGoSuite } from './go-suite.js';

const SUITE = {
  module: 'github.com/twmb/franz-go',
  version: 'v1.22.3',
  sum: 'h1:RHe35s34pKefMLyL+ZYJ6mQVtfFZz4zHDHVkTyACur0=',
  folder: 'pkg/kgo',
};

/** Share groups are off, as in a 4.1 node; the others ask for SASL listeners, or for a broker older than 4.0. */
const NOT_FOR_THIS_BROKER = [
  'TestConsumeRegexShareSkipsInternal',
  'TestIssueProduceBrokerTooOldFailsRecords',
  'TestOAuthAuth',
  'TestSCRAMAuth',
  'TestSCRAMAuthBadCredentials',
  'TestShareGroup',
  'TestShareGroupAckOnClose',
  'TestShareGroupETL',
  'TestShareGroupOffsetsAdmin',
];

const READS_ITS_SOURCE = '^TestOptValuesCoversEveryOption$';

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-franz-go-'));
  program = await buildGoSuite(SUITE);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(GO_BROKERS)('passes the tests of franz-go: %s', async (name, start) => {
  const broker = await start(join(folder, name.replaceAll(' ', '-')));
  try {
    const env = {
      KGO_SEEDS: broker.bootstrapServers,
      KGO_TEST_RF: '1',
      KGO_TEST_RECORDS: '5000',
      KGO_LOG_LEVEL: 'none',
    };
    const { passed, failed, skipped } = await runGoSuite(program, folder, {
      tests: '^Test',
      without: READS_ITS_SOURCE,
      env,
    });
    expect(failed).toEqual({});
    expect(skipped.toSorted()).toEqual(NOT_FOR_THIS_BROKER);
    expect(passed).toHaveLength(143);
  } finally {
    await broker.stop();
  }
});
