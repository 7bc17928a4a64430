import type { KafkaRecord } from '../../../src/clients/kafka/contract.js';
import { waitUntil } from '../../../src/support/retry.js';
import type { TestDatabase, World } from '../../unit/embedded/connect/world.js';

/** The same connector on the real worker and on ours, each with a prefix and slot of its own, over the same database. */
export interface Pair {
  readonly real: readonly Told[];
  readonly ours: readonly Told[];
}

/** A record as text, without what differs by nature: times of processing, run ids, prefixes. */
export interface Told {
  readonly topic: string;
  readonly key: unknown;
  readonly value: unknown;
  readonly headers: readonly string[];
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
          const { rows } = await database.client.query('SELECT active FROM pg_replication_slots WHERE slot_name = $1', [
            prefix,
          ]);
          if (rows[0]?.active === true) return true;
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
      return last.map((record) => told(record, prefix));
    }),
  );
  return { real, ours };
}

function told(record: KafkaRecord, prefix: string): Told {
  const clean = (bytes: Buffer | null): unknown => {
    if (bytes === null) return null;
    const text = bytes.toString('utf8').replaceAll(prefix, 'PREFIX');
    try {
      return withoutTimes(JSON.parse(text));
    } catch {
      return text;
    }
  };
  return {
    topic: record.topic.replaceAll(prefix, 'PREFIX'),
    key: clean(record.key),
    value: clean(record.value),
    headers: record.headers.map(
      ([name, value]) =>
        `${name}=${name.endsWith('runId') ? 'ID' : String(clean(value) && JSON.stringify(clean(value)))}`,
    ),
  };
}

const PROCESSING = new Set(['ts_ms', 'ts_us', 'ts_ns']);

/** Without the times of processing; what the source says of a streamed change (its place and time) has to be the same. */
function withoutTimes(json: unknown, inSource = false): unknown {
  if (Array.isArray(json)) return json.map((item) => withoutTimes(item));
  if (typeof json !== 'object' || json === null) return json;
  const object = json as Record<string, unknown>;
  const keep = inSource && object.snapshot === 'false';
  const entries = Object.entries(object).map(([name, value]): [string, unknown] => {
    if (typeof value === 'number' && PROCESSING.has(name)) return [name, keep ? value : 0];
    if (inSource && !keep && (name === 'lsn' || name === 'txId')) return [name, 0];
    if (name === 'sequence' && typeof value === 'string') return [name, keep ? value.replace(/^\[.*?,/, '[C,') : 'S'];
    return [name, withoutTimes(value, name === 'source')];
  });
  return Object.fromEntries(entries);
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
