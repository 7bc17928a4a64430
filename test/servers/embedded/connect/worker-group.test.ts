import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../../src/clients/kafka/contract.js';
import { WorkerGroup } from '../../../../src/embedded/connect/worker/worker-group.js';
import { startKafka } from '../../../../src/embedded/kafka/index.js';
import { Lifetime } from '../../../../src/support/lifetime.js';
import { silentLog } from '../../../../src/support/log.js';
import { connectWorkers } from '../../../matrix/connect-workers.js';

/** Three heartbeats: a dozen times these tests wait until a worker is missed, and write meanwhile. */
const SESSION_MS = 3_000;

describe('two workers', () => {
  connectWorkers(async (dataDir) => {
    const config = { 'group.min.session.timeout.ms': String(SESSION_MS) };
    const { bootstrapServers, stop } = await startKafka({ dataDir, config });
    return { access: { bootstrapServers }, sessionMs: SESSION_MS, stop };
  });
});

describe('a group of workers', () => {
  const life = new Lifetime();
  let kafka: KafkaClient;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'evpipe-workers-'));
    life.onEnd(() => rm(folder, { recursive: true, force: true }));
    const broker = await startKafka({ dataDir: folder });
    life.onEnd(() => broker.stop());
    kafka = connectKafka({ bootstrapServers: broker.bootstrapServers, clientId: 'test' });
    life.onEnd(() => kafka.close());
  });
  afterAll(() => life.end());

  function memberOf(group: string, workerId: string, hostName = 'here') {
    let dropped = 0;
    let lose = (_failure: unknown): void => {};
    const lost = new Promise<unknown>((resolve) => {
      lose = resolve;
    });
    const member = new WorkerGroup({
      kafka,
      group,
      workerId,
      hostName,
      sessionTimeoutMs: 10_000,
      log: silentLog,
      work: {
        all: async () => [],
        running: () => [],
        take: async () => {},
        drop: async () => {
          dropped++;
        },
      },
      onLost: lose,
    });
    return { member, lost, dropped: () => dropped };
  }

  it('gives a worker that is started again its place at once; the one that was thought dead drops its work', async () => {
    const thoughtDead = memberOf('restarted', '127.0.0.1:8083');
    await thoughtDead.member.enter();
    expect(thoughtDead.member.leads).toBe(true);
    const again = memberOf('restarted', '127.0.0.1:8083');
    await again.member.enter();
    expect(await thoughtDead.lost).toMatchObject({ code: 'EVPIPE_KAFKA_FENCED_INSTANCE_ID' });
    expect(thoughtDead.dropped()).toBe(1);
    expect(thoughtDead.member.isMember()).toBe(false);
    expect(again.member.isMember()).toBe(true);
    await again.member.leave();
    expect(again.member.isMember()).toBe(false);
  });

  it('takes no worker of another machine that the others could not reach', async () => {
    const first = memberOf('machines', '127.0.0.1:8083');
    await first.member.enter();
    const unreachable = memberOf('machines', '127.0.0.1:8083', 'there');
    await expect(unreachable.member.enter()).rejects.toMatchObject({
      code: 'EVPIPE_CONNECT_GROUP_ELSEWHERE',
      message: expect.stringContaining(
        'group machines has a Connect worker on here already, at http://127.0.0.1:8083/',
      ),
    });
    await unreachable.member.leave();
    await first.member.leave();
    const named = memberOf('machines', 'one.example:8083');
    await named.member.enter();
    const other = memberOf('machines', 'two.example:8083', 'there');
    await other.member.enter();
    expect(other.member.leaderUrl).toBe('http://one.example:8083/');
    await other.member.leave();
    await named.member.leave();
  });

  it('has no workers of another kind', async () => {
    const apache = kafka.groupSession({
      group: 'mixed',
      protocol: { type: 'connect', name: 'sessioned', metadata: () => Buffer.alloc(0), assign: async () => [] },
      onRebalance: () => {},
    });
    await apache.join(new AbortController().signal);
    const ours = memberOf('mixed', '127.0.0.1:8083');
    await expect(ours.member.enter()).rejects.toMatchObject({ code: 'EVPIPE_CONNECT_GROUP_FOREIGN' });
    await ours.member.leave();
    await apache.leave();
  });
});
