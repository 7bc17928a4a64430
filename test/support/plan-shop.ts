import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectKafka } from '../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../src/clients/kafka/contract.js';
import { type RunningKafka, startKafka } from '../../src/embedded/kafka/index.js';
import { startSchemaRegistry } from '../../src/embedded/schema-registry/server.js';
import { silentLog } from '../../src/support/log.js';
import { waitUntil } from '../../src/support/retry.js';
import { type Ran, runIn } from './command-line.js';
import { EVPIPE } from './evpipe.js';
import { seeded } from './seeded.js';

export interface ShopTopic {
  readonly partitions: number;
  readonly replication?: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface ShopFile {
  readonly topics: Readonly<Record<string, ShopTopic>>;
  readonly compatibility: string;
  readonly seed?: Readonly<Record<string, unknown>>;
}

/** A pipeline of topics and a schema on a broker and a registry of the test, which it has by their addresses. */
export class PlanShop {
  private constructor(
    readonly folder: string,
    private readonly broker: RunningKafka,
    private readonly registry: { readonly port: number; stop(): Promise<void> },
    readonly kafka: KafkaClient,
  ) {}

  static async open(): Promise<PlanShop> {
    const folder = mkdtempSync(join(tmpdir(), 'evpipe-plan-'));
    const broker = await startKafka({ dataDir: join(folder, 'kafka') });
    const { bootstrapServers } = broker;
    const registry = await startSchemaRegistry({ host: '127.0.0.1', port: 0, bootstrapServers, log: silentLog });
    writeFileSync(
      join(folder, 'order.avsc'),
      JSON.stringify({ type: 'record', name: 'Order', fields: [{ name: 'id', type: 'string' }] }),
    );
    return new PlanShop(folder, broker, registry, connectKafka({ bootstrapServers, clientId: 'test' }));
  }

  /** `namespaces` are targets of their own, by these names. */
  write(
    { topics, compatibility, seed }: ShopFile,
    kafka: Readonly<Record<string, string | number>> = {},
    namespaces: readonly string[] = [],
  ): void {
    const here = {
      kafka: { bootstrapServers: this.broker.bootstrapServers, ...kafka },
      schemaRegistry: { url: `http://127.0.0.1:${this.registry.port}` },
    };
    const schemas = { compatibility, subjects: { 'orders-value': 'order.avsc' } };
    const shared = Object.fromEntries(namespaces.map((namespace) => [namespace, { ...here, namespace }]));
    const file = { version: 1, name: 'shop', topics, schemas, seed, targets: { here, ...shared } };
    writeFileSync(join(this.folder, 'evpipe.yaml'), JSON.stringify(file, null, 1));
  }

  run(...argv: string[]): Promise<Ran> {
    return this.runAt('here', ...argv);
  }

  runAt(target: string, ...argv: string[]): Promise<Ran> {
    return runIn(this.folder, process.env, ...argv, '--target', target);
  }

  /**
   * Runs the built command as a process, and kills it when so many requests have come that change something, if as many come.
   * Each of them waits a little before it is carried out. Resolves once the process is gone, with how many came.
   */
  async runAndKill(atRequest: number, ...argv: string[]): Promise<number> {
    const slowed = CHANGING.map((request) => this.broker.addFault({ request, delayMs: CHANGE_MS }));
    const changes = (): number => slowed.reduce((sum, { hits }) => sum + hits, 0);
    const child = spawn(process.execPath, [EVPIPE, ...argv, '--target', 'here'], { cwd: this.folder, stdio: 'ignore' });
    let isGone = false;
    child.on('close', () => {
      isGone = true;
    });
    const isDue = async () => isGone || changes() >= atRequest || undefined;
    await waitUntil('the command to change something or to end', isDue, { timeoutMs: WITHIN_MS, maxPauseMs: 5 });
    child.kill('SIGKILL');
    await waitUntil('the command to end', async () => isGone || undefined, { timeoutMs: WITHIN_MS });
    for (const fault of slowed) fault.remove();
    return changes();
  }

  /** How many things the plan would make or change. */
  async changesLeft(): Promise<number> {
    const { code, out, err } = await this.run('plan', '--output', 'json');
    if (code !== 0 && code !== 3) throw new Error(`plan ended with ${code}: ${out}${err}`);
    return (JSON.parse(out) as { readonly entries: readonly unknown[] }).entries.length;
  }

  async stop(): Promise<void> {
    await this.kafka.close();
    await this.registry.stop();
    await this.broker.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Records are the ledger's entries, and what the registry keeps. */
const CHANGING = ['CreateTopics', 'IncrementalAlterConfigs', 'Produce'];
const CHANGE_MS = 50;
const WITHIN_MS = 60_000;

/** Each setting with values that it may have, the usual one first. */
const SETTINGS = {
  'retention.ms': ['604800000', '1000', '3600000', '-1'],
  'cleanup.policy': ['delete', 'compact', 'compact,delete'],
  'max.message.bytes': ['1048588', '100000', '2000000'],
  'min.cleanable.dirty.ratio': ['0.5', '0.1', '0.9'],
  'segment.ms': ['604800000', '60000'],
  'compression.type': ['producer', 'zstd', 'lz4'],
} as const;
const LEVELS = ['FORWARD', 'NONE', 'BACKWARD', 'FULL', 'FULL_TRANSITIVE'] as const;

/** Two topics and a compatibility level, each value the usual one or chosen by chance; an option without a value is left out. */
function shopFile(pick: <T>(values: readonly T[]) => T): ShopFile {
  const topic = (partitions: number): ShopTopic => ({
    partitions,
    config: Object.fromEntries(
      Object.entries(SETTINGS).flatMap(([name, values]) => {
        const value = pick<string | undefined>([...values, undefined]);
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  });
  return { topics: { orders: topic(2), customers: topic(1) }, compatibility: pick(LEVELS) };
}

export const PLAIN: ShopFile = shopFile((values) => values[0] as (typeof values)[number]);

export const changedFile = (random: () => number): ShopFile =>
  shopFile((values) => values[Math.floor(random() * values.length)] as (typeof values)[number]);

/** Applies a changed file and takes it back; throws where a plan differs from what was done. */
export async function changeAndRevert(shop: PlanShop, seed: number): Promise<void> {
  for (const file of [changedFile(seeded(seed)), PLAIN]) {
    shop.write(file);
    const planned = await shop.run('plan');
    if (planned.code !== 0 && planned.code !== 3)
      throw new Error(`seed ${seed}: plan ended with ${planned.code}: ${planned.out}${planned.err}`);
    const applied = await shop.run('apply');
    const again = await shop.run('plan');
    if (applied.code !== 0 || again.code !== 0)
      throw new Error(`seed ${seed}: ${applied.out}${applied.err}${again.out}${again.err}`);
  }
}

/** How far an apply had come when it was killed. */
export type Killed = 'before' | 'amid' | 'after';

/** Kills an apply of a changed file at one of so many of its changes; throws unless the next one brings it to its end. */
export async function killAndResume(shop: PlanShop, seed: number, changes: number): Promise<Killed> {
  const random = seeded(seed);
  const topics = { ...changedFile(random).topics, [`late-${seed}`]: { partitions: 1, config: {} } };
  shop.write({ ...changedFile(random), topics });
  const before = await shop.changesLeft();
  await shop.runAndKill(1 + Math.floor(random() * changes), 'apply');
  const left = await shop.changesLeft();
  const resumed = await shop.run('apply');
  const again = await shop.run('plan');
  if (resumed.code !== 0 || again.code !== 0)
    throw new Error(`seed ${seed}: ${resumed.out}${resumed.err}${again.out}${again.err}`);
  if (left === before) return 'before';
  return left === 0 ? 'after' : 'amid';
}

/** How many requests of a whole apply change something. */
export async function changesOfApply(shop: PlanShop, seed: number): Promise<number> {
  shop.write(changedFile(seeded(seed)));
  return shop.runAndKill(Number.POSITIVE_INFINITY, 'apply');
}
