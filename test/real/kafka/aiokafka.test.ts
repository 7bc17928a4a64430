import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { Recorded } from '../../support/recorded.js';
import { type Python, pythonWith } from '../stack/python.js';
import { repositoryFolder } from '../stack/repository.js';
import { type BrokerUnderTest, pem, startOurs, startReal } from './brokers.js';

const run = promisify(execFile);
const SCRIPT = join(repositoryFolder, 'test/real/kafka/aiokafka/scenarios.py');
/** cramjam has the codecs but gzip. */
const PACKAGES = ['aiokafka==0.14.0', 'async-timeout==5.0.1', 'cramjam==2.14.0'];

/** In the order of SCENARIOS in aiokafka/scenarios.py. */
const SCENARIOS = [
  'every compression with every acks',
  'batches, tombstones, times, too large a record',
  'an idempotent producer',
  'committed, aborted and open transactions',
  'a fenced zombie',
  'offsets within transactions',
  'groups by every assignor',
  'a static member that comes back',
  'topics by a pattern',
  'committed offsets',
  'topics and settings',
  'logins and TLS',
] as const;

type Results = Readonly<Record<string, { readonly result?: unknown; readonly failure?: string }>>;

let folder: string;
let python: Python;
let certificate: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-aiokafka-'));
  [python, certificate] = await Promise.all([pythonWith(...PACKAGES), pem('cert.pem')]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const brokers = [
  ['the real broker', startReal, true],
  ['the embedded broker', startOurs, false],
] as const;

describe.each(brokers)('aiokafka on %s', (name, start, real) => {
  const recorded = new Recorded('aiokafka', { real });
  let broker: BrokerUnderTest;
  let results: Results;

  beforeAll(async () => {
    broker = await start(join(folder, name.replaceAll(' ', '-')));
    const options = JSON.stringify({ listeners: broker.listeners, certificate });
    const args = [SCRIPT, broker.bootstrapServers, options];
    const { stdout } = await run('python3', args, { env: { ...process.env, ...python.env }, maxBuffer: 16 << 20 });
    results = JSON.parse(stdout) as Results;
  });
  afterAll(() => broker?.stop());

  it.each(SCENARIOS)('%s', (what) => {
    const { result, failure } = results[what] ?? { failure: 'it did not run' };
    if (failure !== undefined) throw new Error(failure);
    recorded.check(what, result);
  });
});
