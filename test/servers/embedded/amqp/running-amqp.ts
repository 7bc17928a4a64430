import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelModel, connect } from 'amqplib';
import { onTestFinished } from 'vitest';
import type { AmqpOptions } from '../../../../src/embedded/amqp/options.js';
import { type RunningAmqp, startAmqp } from '../../../../src/embedded/amqp/server.js';

/** A server on a folder of its own; both are gone after the test. `restart` stops it in order and starts it on the same folder. */
export class TestAmqp {
  private readonly connections: ChannelModel[] = [];

  private constructor(
    readonly dataDir: string,
    private readonly options: Partial<AmqpOptions>,
    private running: RunningAmqp,
  ) {}

  static async start(options: Partial<AmqpOptions> = {}): Promise<TestAmqp> {
    const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-amqp-'));
    const server = new TestAmqp(dataDir, options, await startAmqp({ ...options, dataDir }));
    onTestFinished(() => server.remove());
    return server;
  }

  get port(): number {
    return this.running.port;
  }

  get url(): string {
    return `amqp://127.0.0.1:${this.running.port}`;
  }

  get managementUrl(): string {
    return `http://127.0.0.1:${this.running.managementPort}`;
  }

  async connect(): Promise<ChannelModel> {
    const connection = await connect(this.url);
    connection.on('error', () => {}); // told by whatever the test awaits
    this.connections.push(connection);
    return connection;
  }

  /** Ends the server and its clients, then starts it again. */
  async restart(between: () => void = () => {}): Promise<void> {
    const { port } = this.running;
    await this.running.stop();
    between();
    this.running = await startAmqp({ ...this.options, dataDir: this.dataDir, port });
  }

  async remove(): Promise<void> {
    await Promise.allSettled(this.connections.map((connection) => connection.close()));
    await this.running.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
