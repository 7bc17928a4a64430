import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type KafkaOptions, type RunningKafka, startKafka } from '../../../../src/embedded/kafka/index.js';
import { RawClient } from '../../../support/kafka-raw-client.js';

/** A broker on a folder of its own; both are gone after the test. `restart` stops it in order and starts it on the same folder. */
export class TestBroker {
  private readonly clients: RawClient[] = [];

  private constructor(
    readonly dataDir: string,
    private readonly options: Partial<KafkaOptions>,
    private running: RunningKafka,
  ) {}

  static async start(options: Partial<KafkaOptions> = {}): Promise<TestBroker> {
    const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-kafka-'));
    const broker = new TestBroker(dataDir, options, await startKafka({ ...options, dataDir }));
    onTestFinished(() => broker.remove());
    return broker;
  }

  get address(): string {
    return this.running.bootstrapServers;
  }

  get listeners(): RunningKafka['listeners'] {
    return this.running.listeners;
  }

  addFault(...fault: Parameters<RunningKafka['addFault']>): ReturnType<RunningKafka['addFault']> {
    return this.running.addFault(...fault);
  }

  async client(address = this.address): Promise<RawClient> {
    const client = await RawClient.open(address);
    this.clients.push(client);
    return client;
  }

  async restart(between: () => void = () => {}): Promise<void> {
    const { port } = this.running;
    await this.running.stop();
    between();
    this.running = await startKafka({ ...this.options, dataDir: this.dataDir, port });
  }

  async remove(): Promise<void> {
    for (const client of this.clients) client.close();
    await this.running.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
