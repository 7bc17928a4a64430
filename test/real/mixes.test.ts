import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startKafka } from '../../src/embedded/kafka/index.js';
import { startSchemaRegistry } from '../../src/embedded/schema-registry/server.js';
import { Lifetime } from '../../src/support/lifetime.js';
import { silentLog } from '../../src/support/log.js';
import { type Ended, sandbox } from '../support/evpipe.js';
import { startApicurioBridge } from './stack/apicurio-bridge.js';
import { startRealConnect } from './stack/connect.js';
import { type RealStack, startRealStack } from './stack/stack.js';

/** One of evpipe's own servers at a time among otherwise real ones. Its own engine is in the place of ksqlDB in all of them. */

const life = new Lifetime();
let real: RealStack;
/** evpipe's broker with a real Connect on it, and evpipe's registry on the real broker. */
let own: { readonly bootstrapServers: string; readonly connectUrl: string; readonly registryUrl: string };

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'evpipe-mixes-'));
  life.onEnd(() => rm(folder, { recursive: true, force: true }));
  real = await startRealStack({ kafka: true, registry: true, connect: true });
  life.onEnd(() => real.stop());
  const { bootstrapServers, stop } = await startKafka({ dataDir: join(folder, 'kafka') });
  life.onEnd(stop);
  const connect = await startRealConnect({ dataDir: join(folder, 'connect'), bootstrapServers });
  life.onEnd(() => connect.stop());
  const at = { host: '127.0.0.1', port: 0, bootstrapServers: real.kafka.bootstrapServers };
  const registry = await startSchemaRegistry({ ...at, log: silentLog });
  life.onEnd(() => registry.stop());
  const bridge = await startApicurioBridge(`http://127.0.0.1:${registry.port}`);
  life.onEnd(() => bridge.stop());
  own = { bootstrapServers, connectUrl: connect.url, registryUrl: bridge.url };
});

afterAll(() => life.end());

const placements = () => ({
  kafka: { bootstrapServers: real.kafka.bootstrapServers },
  schemaRegistry: { url: real.registry.url },
  connect: { url: real.connect.url },
});

const MIXES: readonly (readonly [title: string, namespace: string, () => object])[] = [
  [
    'evpipe’s own Kafka',
    'kafka',
    () => ({
      ...placements(),
      kafka: { bootstrapServers: own.bootstrapServers },
      connect: { url: own.connectUrl },
    }),
  ],
  ['evpipe’s own Schema Registry', 'registry', () => ({ ...placements(), schemaRegistry: { url: own.registryUrl } })],
  ['evpipe’s own Connect', 'connect', () => ({ ...placements(), connect: 'embedded' })],
];

/** What the checks report, without what differs from run to run: times, positions, and the stages with their places. */
function verdicts({ stdout }: Ended): readonly object[] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines
    .map((line) => JSON.parse(line) as { readonly kind: string; readonly report?: { readonly check: string } })
    .flatMap(({ kind, report }) => (kind === 'check-report' && report !== undefined ? [report] : []))
    .map((report) => ({ ...report, elapsedMs: undefined, fence: undefined, way: undefined }))
    .sort((a, b) => a.check.localeCompare(b.check));
}

const CONSISTENT = { verdict: 'consistent', missing: 0, extra: 0, different: 0, findings: [] };
const REPORT = [
  {
    ...CONSISTENT,
    check: 'balance-sheets',
    sourceRows: 500,
    replicaRows: 500,
    compared: ['person_id', 'date_calculated', 'assets', 'liabilities'],
  },
  { ...CONSISTENT, check: 'persons', sourceRows: 200, replicaRows: 200, compared: ['date_of_birth'] },
];

it.each(MIXES)('person-planning with %s among real ones gives the same report', async (_, namespace, mix) => {
  const box = await sandbox('person-planning');
  const target = { base: 'embedded', ...mix(), namespace };
  await writeFile(join(box.folder, 'mix.yaml'), JSON.stringify({ targets: { mix: target } }));
  const AT = ['-f', 'evpipe.yaml', '-f', 'mix.yaml', '--target', 'mix'];
  const succeeds = async (...args: string[]): Promise<Ended> => {
    const ended = await box.run(...args, ...AT);
    expect(ended.code, `${args[0]}: ${ended.stderr}${ended.stdout}`).toBe(0);
    return ended;
  };
  try {
    await succeeds('up', '--seed', '--timeout', '120s');
    expect(verdicts(await succeeds('verify-consistency', '--output', 'json'))).toMatchObject(REPORT);
    expect((await succeeds('apply')).stdout).toContain('Nothing to change');
  } finally {
    await box.remove(...AT);
  }
});
