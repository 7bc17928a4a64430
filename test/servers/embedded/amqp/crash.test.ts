import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ChannelModel, connect } from 'amqplib';
import getPort from 'get-port';
import { afterEach, describe, expect, it } from 'vitest';
import { forkServer } from '../../../support/fork-server.js';
import { seeded } from '../../../support/seeded.js';

const KILLS = Number(process.env.KILLS ?? 2);
const SEED = Number(process.env.SEED ?? Date.now() % 1e9);
const PUBLISHERS = 3;
const ENTRY = fileURLToPath(new URL('../../../../dist/embedded/amqp/process.js', import.meta.url));

let child: ChildProcess | undefined;
const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-amqp-crash-'));
afterEach(async () => {
  if (child !== undefined) await kill(child);
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(port: number): Promise<ChildProcess> {
  const started = forkServer(ENTRY, { dataDir, port });
  await new Promise<void>((resolve, reject) => {
    started.once('message', () => resolve());
    started.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return started;
}

function kill(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return Promise.resolve();
  const ended = new Promise<void>((resolve) => process.once('exit', () => resolve()));
  process.kill('SIGKILL');
  return ended;
}

/** Does the work on a connection, on a new one whenever the server went away, until it is done. */
async function through(url: string, work: (connection: ChannelModel) => Promise<'done' | 'again'>): Promise<void> {
  for (;;) {
    const connection = await connect(url).catch(() => undefined);
    if (connection === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      continue;
    }
    const lost = new Promise<'again'>((resolve) => connection.on('close', () => resolve('again')));
    connection.on('error', () => {});
    const outcome = await Promise.race([work(connection).catch(() => 'again' as const), lost]);
    await connection.close().catch(() => {});
    if (outcome === 'done') return;
  }
}

class Story {
  readonly confirmed = new Set<string>();
  readonly seen = new Set<string>();
  /** Acknowledged, and something later was answered: they may not come back. */
  readonly settled = new Set<string>();
  readonly wrong: string[] = [];
  running = true;

  saw(id: string, redelivered: boolean): void {
    if (this.settled.has(id)) this.wrong.push(`${id} came back`);
    else if (this.seen.has(id) && !redelivered) this.wrong.push(`${id} came twice, unmarked`);
    this.seen.add(id);
  }
}

function publish(url: string, publisher: number, story: Story): Promise<void> {
  let next = 0;
  return through(url, async (connection) => {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => {});
    while (story.running) {
      for (let n = 0; n < 20; n++) {
        const id = `${publisher}:${next++}`;
        channel.sendToQueue('kept', Buffer.from(id), { persistent: true }, (error) => {
          if (error === null) story.confirmed.add(id);
        });
      }
      await channel.waitForConfirms();
    }
    return 'done';
  });
}

/** Acknowledges two of three, rejects none; what it keeps comes back when its connection ends. */
function consume(url: string, story: Story, finished: () => boolean): Promise<void> {
  return through(url, async (connection) => {
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    await channel.prefetch(50);
    let acknowledged: string[] = [];
    await channel.consume('kept', (message) => {
      if (message === null) return;
      const id = message.content.toString();
      story.saw(id, message.fields.redelivered);
      if (story.running && id.endsWith('7') && !message.fields.redelivered) return;
      acknowledged.push(id);
      channel.ack(message);
    });
    while (!finished()) {
      const before = acknowledged;
      acknowledged = [];
      await channel.checkQueue('kept');
      for (const id of before) story.settled.add(id);
      if (!story.running) await channel.recover(); // what was kept back
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return 'done';
  });
}

describe('an AMQP server that is killed', () => {
  it(`loses no confirmed message and doubles none unmarked over ${KILLS} kills under load`, {
    timeout: 60_000 + KILLS * 10_000,
  }, async () => {
    console.info(`seed ${SEED}`);
    const random = seeded(SEED);
    const port = await getPort({ host: '127.0.0.1' });
    const url = `amqp://127.0.0.1:${port}`;
    child = await start(port);
    await through(url, async (connection) => {
      await (await connection.createChannel()).assertQueue('kept', { durable: true });
      return 'done';
    });
    const story = new Story();
    const publishers = Array.from({ length: PUBLISHERS }, (_, publisher) => publish(url, publisher, story));
    const allSeen = (): boolean => !story.running && [...story.confirmed].every((id) => story.seen.has(id));
    const consumer = consume(url, story, allSeen);
    const untilConfirmed = async (count: number): Promise<void> => {
      while (story.confirmed.size < count) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    for (let kills = 0; kills < KILLS; kills++) {
      await untilConfirmed(story.confirmed.size + 300 + Math.floor(random() * 300));
      await kill(child);
      child = await start(port);
    }
    await untilConfirmed(story.confirmed.size + 100);
    story.running = false;
    await Promise.all(publishers);
    await consumer;
    expect(story.wrong).toEqual([]);
    expect(allSeen()).toBe(true);
  });
});
