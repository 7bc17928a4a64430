import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_STEPS } from '../../matrix/kafka-admin-tools.js';
import { Tools } from '../../matrix/kafka-tools.js';
import { type GuardedBroker, startOurs, startReal } from './guarded-brokers.js';
import { type JavaClients, startJavaClients } from './java.js';

let folder: string;
let java: JavaClients;
let ours: GuardedBroker;
let real: GuardedBroker;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-admin-tools-'));
  [java, ours, real] = await Promise.all([
    startJavaClients(folder),
    startOurs(join(folder, 'ours')),
    startReal(join(folder, 'real')),
  ]);
});

afterAll(async () => {
  await java?.stop();
  await ours?.stop();
  await real?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('what Apache’s tools for access and quotas say, as on real Kafka', () => {
  it.each(ADMIN_STEPS)('%s', async (_, run) => {
    const theirs = await run(new Tools(java, real.bootstrapServers, folder));
    expect(await run(new Tools(java, ours.bootstrapServers, folder))).toBe(theirs);
  });
});
