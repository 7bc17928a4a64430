import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKafka } from '../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../src/clients/kafka/contract.js';
import { pause } from '../../src/support/retry.js';
import { EVPIPE } from '../support/evpipe.js';
import { KafkaProcess } from '../support/kafka-process.js';
import { openTerminal } from '../support/terminal.js';

const MINUTES = Number(process.env.EVPIPE_SOAK_MINUTES ?? 2);
const PER_SECOND = 20_000;
const TICK_MS = 20;
const WARM_MS = 15_000;
const RESIDENT_MAX_MB = 160;

let folder: string;
let broker: KafkaProcess;
let kafka: KafkaClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-tail-'));
  broker = await KafkaProcess.start(join(folder, 'broker'));
  kafka = connectKafka({ bootstrapServers: broker.address, clientId: 'test' });
  await kafka.createTopic({ name: 'orders', partitions: 4 });
  const targets = { here: { base: 'cluster', kafka: { bootstrapServers: broker.address } } };
  const topics = { orders: { partitions: 4 } };
  writeFileSync(join(folder, 'evpipe.yaml'), JSON.stringify({ version: 1, name: 'shop', topics, targets }));
});

afterAll(async () => {
  await kafka?.close();
  await broker?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

const residentMb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

it(`follows ${PER_SECOND} records a second for ${MINUTES} minutes in memory that does not grow`, async () => {
  const tail = openTerminal([process.execPath, EVPIPE, 'tail', 'orders', '--target', 'here'], {
    columns: 120,
    cwd: folder,
  });
  const producer = kafka.producer();
  const resident: number[] = [];
  try {
    await tail.shows('following');
    const startedMs = performance.now();
    for (let sent = 0, sampledMs = WARM_MS; performance.now() - startedMs < WARM_MS + MINUTES * 60_000; ) {
      const due = ((performance.now() - startedMs) * PER_SECOND) / 1000;
      for (; sent < due; sent++) {
        const value = Buffer.from(
          JSON.stringify({ id: sent, customer: `customer ${sent % 1000}`, amount: sent / 100 }),
        );
        producer.append({ topic: 'orders', key: Buffer.from(`order-${sent}`), value });
      }
      await producer.room();
      await pause(TICK_MS);
      if (performance.now() - startedMs < sampledMs) continue;
      resident.push(residentMb(tail.pid));
      sampledMs += 1_000;
    }
    await tail.shows(/1[5-9],\d{3}\/s|2\d,\d{3}\/s/);
  } finally {
    await producer.close();
    tail.kill('SIGINT');
    await tail.ended;
  }
  const third = Math.floor(resident.length / 3);
  const [first, last] = [Math.max(...resident.slice(0, third)), Math.max(...resident.slice(-third))];
  process.stderr.write(`tail at ${PER_SECOND}/s: ${Math.round(first)} MB at first, ${Math.round(last)} MB at last\n`);
  expect(last).toBeLessThan(RESIDENT_MAX_MB);
  expect(last).toBeLessThan(first * 1.2);
});
