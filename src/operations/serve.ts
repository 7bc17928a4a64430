import { startKafka } from '../embedded/kafka/index.js';
import type { Log } from '../support/log.js';

export interface ServeKafkaOptions {
  readonly dataDir: string;
  /** 0: any free one. */
  readonly port: number;
  readonly log: Log;
}

/** Runs the embedded broker alone, in this process, on 127.0.0.1. Answers once it serves; it stops with the signal. */
export async function serveKafka(
  options: ServeKafkaOptions,
  signal: AbortSignal,
): Promise<{ readonly bootstrapServers: string; readonly ended: Promise<void> }> {
  const broker = await startKafka({ host: '127.0.0.1', ...options });
  const ended = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  }).then(() => broker.stop());
  return { bootstrapServers: broker.bootstrapServers, ended };
}
