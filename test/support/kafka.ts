import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KafkaOptions, RunningKafka } from '../../src/embedded/kafka/index.js';

/** A broker on a fresh folder, in this process, for the tests of one file. */
export interface TestKafka {
  readonly bootstrapServers: string;
  readonly listeners: RunningKafka['listeners'];
  /** On the same folder and the same port. */
  restart(): Promise<void>;
  /** Between `halt` and `resume` nobody answers. */
  halt(): Promise<void>;
  resume(): Promise<void>;
  /** Leaves no file behind. */
  stop(): Promise<void>;
}

/** With EVPIPE_TEST_BOOTSTRAP_SERVERS the same tests run against another Kafka, which is not restarted. */
export async function startTestKafka(options: Omit<KafkaOptions, 'dataDir'> = {}): Promise<TestKafka> {
  const { EVPIPE_TEST_BOOTSTRAP_SERVERS: elsewhere } = process.env;
  if (elsewhere !== undefined) {
    const nothing = () => Promise.resolve();
    const none = { halt: nothing, resume: nothing, restart: nothing, stop: nothing };
    return { bootstrapServers: elsewhere, listeners: {}, ...none };
  }
  const { startKafka } = await import('../../src/embedded/kafka/index.js');
  const dataDir = await mkdtemp(join(tmpdir(), 'evpipe-kafka-'));
  let running: RunningKafka | undefined = await startKafka({ ...options, dataDir });
  const { port, bootstrapServers, listeners } = running;
  const halt = async () => {
    await running?.stop();
    running = undefined;
  };
  const resume = async () => {
    running ??= await startKafka({ ...options, dataDir, port });
  };
  return {
    bootstrapServers,
    listeners,
    halt,
    resume,
    async restart() {
      await halt();
      await resume();
    },
    async stop() {
      await halt();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

let lastTopic = 0;

/** A name that no other test uses. */
export const freshName = (word = 'topic'): string => `${word}-${process.pid}-${Date.now().toString(36)}-${++lastTopic}`;
