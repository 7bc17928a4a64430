import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { Liveness, type LivenessQuestion, questionOf } from '../../../src/support/liveness.js';
import { waitUntil } from '../../../src/support/retry.js';

/** Answers each question with a byte, but for the time that it is held up: then to all of them at once. */
class HeldUpServer {
  private readonly sockets = new Set<Socket>();
  private held = false;
  private readonly server = createServer((socket) => {
    this.sockets.add(socket.on('error', () => {}));
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('data', () => {
      if (!this.held) socket.write('!');
    });
  });

  async start(): Promise<LivenessQuestion> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address() as AddressInfo;
    return { protocol: 'redis', host: '127.0.0.1', port };
  }

  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
    for (const socket of this.sockets) socket.write('!');
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

const servers: HeldUpServer[] = [];
const held = async (): Promise<{ readonly server: HeldUpServer; readonly question: LivenessQuestion }> => {
  const server = new HeldUpServer();
  servers.push(server);
  const question = await server.start();
  server.hold();
  return { server, question };
};
afterAll(() => {
  for (const server of servers) server.stop();
});

const never = new Promise<never>(() => {});
const silent = () => new Error('silent');

describe.concurrent('a server that says nothing', () => {
  it('is given up, and at once by what asks it next', async () => {
    const { question } = await held();
    const liveness = new Liveness();
    const startedMs = performance.now();
    await expect(liveness.whileItLives(question, never, silent)).rejects.toThrow('silent');
    const firstMs = performance.now() - startedMs;
    await expect(liveness.whileItLives(question, never, silent)).rejects.toThrow('silent');
    expect(performance.now() - startedMs - firstMs).toBeLessThan(firstMs / 2);
  });

  it('and goes on later was only held up: work that may take long is told once, and ends as ever', async () => {
    const { server, question } = await held();
    const told: LivenessQuestion[] = [];
    const liveness = new Liveness({ patienceMs: 60_000, waiting: (one) => told.push(one) });
    let end = (_: string): void => {};
    const work = new Promise<string>((resolve) => {
      end = resolve;
    });
    const both = [liveness.whileItLives(question, work, silent), liveness.whileItLives(question, work, silent)];
    await waitUntil('the silence to be told', async () => told.length > 0 || undefined, { timeoutMs: 30_000 });
    server.release();
    end('done');
    expect(await Promise.all(both)).toEqual(['done', 'done']);
    expect(told).toEqual([question]);
  });

  it('for longer than that is given up too', async () => {
    const { question } = await held();
    let told = 0;
    const liveness = new Liveness({
      patienceMs: 1_500,
      waiting: () => {
        told += 1;
      },
    });
    await expect(liveness.whileItLives(question, never, silent)).rejects.toThrow('silent');
    expect(told).toBe(1);
  });
});

it.each([
  ['mongodb://db/shop', { protocol: 'mongodb', host: 'db', port: 27_017, tls: false }],
  ['mongodb://ada:hush@db:1/shop?tls=true', { protocol: 'mongodb', host: 'db', port: 1, tls: true }],
  ['https://[::1]/', { protocol: 'http', host: '::1', port: 443, tls: true }],
  ['mongodb://a:1,b:2/shop', undefined],
  ['ftp://files/', undefined],
])('%s is asked by its protocol', (url, question) => {
  expect(questionOf(url)).toEqual(question);
});
