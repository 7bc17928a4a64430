import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import type { ScenarioResults } from '../real/kafka/librdkafka.js';
import type { Recorded } from '../support/recorded.js';

/** In the order of SCENARIOS in test/real/kafka/librdkafka/scenarios.py. */
const SCENARIOS = [
  'every compression with every acks',
  'an idempotent producer',
  'committed, aborted and open transactions',
  'a fenced zombie',
  'a transaction that takes too long',
  'offsets within transactions',
  'groups by every assignor and protocol',
  'a static member that comes back',
  'committed offsets',
  'topics',
  "a topic's settings",
  'the cluster',
  'SCRAM users',
  'logins and TLS',
] as const;

/** librdkafka gets from this broker what the real one gave it. */
export function kafkaLibrdkafka(recorded: Recorded, results: () => ScenarioResults): void {
  for (const what of SCENARIOS) {
    it(what, () => {
      const { result, failure } = results()[what] ?? { failure: 'it did not run' };
      if (failure !== undefined) throw new Error(failure);
      recorded.check(what, result);
    });
  }
}

/** kcat by its command line. */
export function kafkaKcat(address: () => string): void {
  const kcat = async (args: readonly string[], input = ''): Promise<string> => {
    const child = spawn('kcat', ['-b', address(), ...args]);
    child.stdin.end(input);
    const [out, complaint, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    if (code !== 0) throw new Error(`kcat ${args.join(' ')} ended with ${code}: ${complaint}`);
    return out;
  };
  const topic = `kcat-${Date.now()}`;

  it('kcat reads what it wrote: keys, headers, tombstones, every codec', async () => {
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      await kcat(['-P', '-t', topic, '-p', '0', '-K:', '-Z', '-z', codec, '-H', `codec=${codec}`], 'a:one\nb:\n');
    }
    const read = await kcat(['-C', '-t', topic, '-p', '0', '-e', '-q', '-f', '%o %k=%s/%S %h\n']);
    const lines = ['none', 'gzip', 'snappy', 'lz4', 'zstd'].flatMap((codec, at) => [
      `${at * 2} a=one/3 codec=${codec}`,
      `${at * 2 + 1} b=/-1 codec=${codec}`,
    ]);
    expect(read.trimEnd().split('\n')).toEqual(lines);
  });

  it('kcat reads from the end, from an offset and from a time', async () => {
    const count = async (from: string) =>
      (await kcat(['-C', '-t', topic, '-p', '0', '-o', from, '-e', '-q'])).split('\n').length - 1;
    expect([
      await count('beginning'),
      await count('7'),
      await count('-2'),
      await count('s@0'),
      await count('end'),
    ]).toEqual([10, 3, 2, 10, 0]);
    expect(await kcat(['-Q', '-t', `${topic}:0:-1`])).toBe(`${topic} [0] offset 10\n`);
  });

  it('kcat lists brokers, topics and leaders', async () => {
    const { brokers, topics } = JSON.parse(await kcat(['-L', '-J', '-t', topic])) as {
      brokers: { name: string }[];
      topics: { topic: string; partitions: { leader: number; isrs: unknown[] }[] }[];
    };
    expect(brokers.map(({ name }) => name)).toEqual([address()]);
    expect(topics[0]?.partitions.map(({ leader, isrs }) => [leader, isrs.length])).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it('kcat goes on where its group was', async () => {
    const own = `${topic}-group`;
    const group = ['-G', own, '-e', '-q', '-X', 'auto.offset.reset=earliest', own];
    await kcat(['-P', '-t', own], 'one\ntwo\n');
    expect((await kcat(group)).split('\n').sort()).toEqual(['', 'one', 'two']);
    await kcat(['-P', '-t', own], 'three\n');
    expect(await kcat(group)).toBe('three\n');
  });

  it('kcat commits a transaction', async () => {
    const own = `${topic}-transaction`;
    await kcat(['-P', '-t', own, '-p', '0', '-X', `transactional.id=${own}`], 'one\ntwo\n');
    expect(await kcat(['-C', '-t', own, '-p', '0', '-e', '-q', '-X', 'isolation.level=read_committed'])).toBe(
      'one\ntwo\n',
    );
  });
}
