import { afterAll, beforeAll } from 'vitest';
import type { KafkaRecord } from '../../../src/clients/kafka/contract.js';
import { waitUntil } from '../../../src/support/retry.js';
import { type Told, told } from '../../servers/embedded/connect/told.js';
import { isStreaming, type TestDatabase, World } from '../../servers/embedded/connect/world.js';
import { startRealStack } from '../stack/stack.js';

/** The real Connect, or the one that EVPIPE_REAL_CONNECT names, and ours on its Kafka. */
interface Both {
  readonly realUrl: string;
  readonly registryUrl: string;
  readonly world: World;
  stop(): Promise<void>;
}

/** For the tests of a file: both run while these do. */
export function bothWorkers(more: { readonly registry?: true } = {}): Omit<Both, 'stop'> {
  let both: Both | undefined;
  const started = (): Both => {
    if (both === undefined) throw new Error('the workers run only while the tests do');
    return both;
  };
  beforeAll(async () => {
    both = await startBoth(more);
  });
  afterAll(() => both?.stop());
  return {
    get realUrl() {
      return started().realUrl;
    },
    get registryUrl() {
      return started().registryUrl;
    },
    get world() {
      return started().world;
    },
  };
}

async function startBoth(more: { readonly registry?: true }): Promise<Both> {
  const given = process.env.EVPIPE_REAL_CONNECT;
  const stack = given === undefined ? await startRealStack({ kafka: true, connect: true, ...more }) : undefined;
  try {
    const world = await World.start(process.env.EVPIPE_TEST_KAFKA ?? stack?.kafka.bootstrapServers);
    return {
      realUrl: given ?? stack?.connect.url ?? '',
      registryUrl: process.env.EVPIPE_REAL_REGISTRY ?? (more.registry ? stack?.registry.url : undefined) ?? '',
      world,
      stop: async () => {
        await world.stop();
        await stack?.stop();
      },
    };
  } catch (failure) {
    await stack?.stop();
    throw failure;
  }
}

/** The same connector on the real worker and on ours, each with a prefix and slot of its own, over the same database. */
export interface Pair {
  readonly real: readonly Told[];
  readonly ours: readonly Told[];
}

const SIDES = ['real', 'ours'] as const;

export async function startPair(
  world: World,
  realUrl: string,
  database: TestDatabase,
  more: Record<string, string>,
): Promise<void> {
  await Promise.all(
    SIDES.map(async (side) => {
      const url = side === 'real' ? realUrl : world.url;
      const prefix = `${side}_${database.name}`;
      const config = {
        ...world.config(database),
        'topic.prefix': prefix,
        'slot.name': prefix,
        'publication.name': prefix,
        'heartbeat.interval.ms': '0',
        'key.converter.schemas.enable': 'true',
        'value.converter.schemas.enable': 'true',
        ...Object.fromEntries(Object.entries(more).map(([name, value]) => [name, value.replaceAll('PREFIX', prefix)])),
      };
      const response = await fetch(`${url}/connectors/${prefix}/config`, {
        method: 'PUT',
        body: JSON.stringify(config),
        headers: { 'content-type': 'application/json' },
      });
      if (!response.ok) throw new Error(`${side}: ${await response.text()}`);
      await waitUntil(
        `${side} to stream`,
        async () => {
          if (await isStreaming(database, prefix)) return true;
          const status = (await (await fetch(`${url}/connectors/${prefix}/status`)).json()) as {
            tasks?: Array<{ trace?: string }>;
          };
          if (status.tasks?.[0]?.trace !== undefined) throw new Error(status.tasks[0].trace);
          return undefined;
        },
        { timeoutMs: 60_000 },
      );
    }),
  );
}

/** All records of all topics of both sides, once each has that many. */
export async function compare(world: World, database: TestDatabase, count: number): Promise<Pair> {
  const [real = [], ours = []] = await Promise.all(
    SIDES.map(async (side) => {
      const prefix = `${side}_${database.name}`;
      let last: readonly KafkaRecord[] = [];
      await waitUntil(
        () =>
          `${count} records of ${side}, ${last.length} are there: ${last.map((record) => `${record.topic} ${record.value?.toString().slice(-150)}`).join('\n')}`,
        async () => {
          const topics = (await world.kafka.listTopics())
            .map((topic) => topic.name)
            .filter((topic) => topic.includes(prefix))
            .sort();
          last = (await Promise.all(topics.map((topic) => world.all(topic)))).flat();
          return last.length >= count ? true : undefined;
        },
        { timeoutMs: 60_000 },
      );
      // A number that is too small would compare whatever has come by now.
      if (last.length > count) throw new Error(`${side} has ${last.length} records, ${count} are waited for`);
      return last.map((record) => told(record, prefix, true));
    }),
  );
  return { real, ours };
}

/** Every place where the two differ, as `path: real | ours`. */
export function differences(real: unknown, ours: unknown, path = ''): string[] {
  if (JSON.stringify(real) === JSON.stringify(ours)) return [];
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  if (!isObject(real) || !isObject(ours)) return [`${path}: ${JSON.stringify(real)} | ${JSON.stringify(ours)}`];
  const order =
    Object.keys(real).join() === Object.keys(ours).join() || Array.isArray(real)
      ? []
      : [`${path} order: ${Object.keys(real)} | ${Object.keys(ours)}`];
  const names = [...new Set([...Object.keys(real), ...Object.keys(ours)])];
  const label = (name: string): string =>
    ((real[name] ?? ours[name]) as { field?: string } | null | undefined)?.field ?? name;
  return [...order, ...names.flatMap((name) => differences(real[name], ours[name], `${path}.${label(name)}`))];
}
