import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ReadyMessage } from '../../src/support/child.js';
import { downloadRealStack } from '../real/stack/download.js';
import { forkServer } from './fork-server.js';

const run = promisify(execFile);
const ENTRY = fileURLToPath(new URL('../../dist/embedded/kafka/process.js', import.meta.url));
const TOOLS = 'org.apache.kafka.tools';
const RECORD_BYTES = 1000;

export interface BulkReport {
  readonly consumed: number;
  readonly megabytesPerSecond: number;
  /** The most memory the broker's process ever held. */
  readonly peakMegabytes: number;
}

/** Writes `megabytes` to a broker in a process of its own by Apache's producer, then copies them out by its consumer, as MirrorMaker does. */
export async function bulk(megabytes: number): Promise<BulkReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-bulk-'));
  const broker = forkServer(ENTRY, { dataDir, config: { 'num.partitions': '4' } });
  try {
    const [{ port }] = (await once(broker, 'message')) as [ReadyMessage];
    const classpath = join(await downloadRealStack(), 'kafka', '*');
    const java = (main: string, ...args: string[]) =>
      run('java', ['-Xmx512m', '-cp', classpath, `${TOOLS}.${main}`, ...args], { maxBuffer: 64 << 20 });
    const address = `127.0.0.1:${port}`;
    const records = String((megabytes * 1_000_000) / RECORD_BYTES);
    const size = ['--num-records', records, '--record-size', String(RECORD_BYTES), '--throughput', '-1'];
    await java(
      'ProducerPerformance',
      '--topic',
      'bulk',
      ...size,
      '--producer-props',
      `bootstrap.servers=${address}`,
      'acks=all',
    );
    const reader = ['--bootstrap-server', address, '--messages', records, '--timeout', '60000', '--hide-header'];
    const { stdout } = await java('ConsumerPerformance', '--topic', 'bulk', ...reader);
    // start, end, MB, MB/s, records, …
    const columns = stdout.trim().split('\n').at(-1)?.split(', ') ?? [];
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${broker.pid}/status`, 'utf8'));
    return {
      consumed: Number(columns[4]),
      megabytesPerSecond: Number(columns[3]),
      peakMegabytes: Math.round(Number(peak?.[1]) / 1024),
    };
  } finally {
    if (broker.exitCode === null && broker.signalCode === null) {
      const ended = once(broker, 'exit');
      broker.kill('SIGTERM');
      await ended;
    }
    rmSync(dataDir, { recursive: true, force: true });
  }
}
