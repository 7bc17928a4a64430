import type { Broker } from '../broker.js';
import type { PartitionLog } from '../log/partition-log.js';
import type { TopicSettings } from '../topics/settings.js';
import type { Topic } from '../topics/topic.js';
import { compact } from './compaction.js';
import { enforceRetention } from './retention.js';

/** Files that were not used for this long are closed; they are opened again when needed. */
const IDLE_FILE_MS = 60_000;

/** What a broker does by itself from time to time. `stop` resolves when what is under way has ended. */
export class Upkeep {
  private stopped = false;
  private readonly cancels = new Map<string, () => void>();
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly broker: Broker) {
    const { settings } = broker;
    const setting = (name: string) => () => settings.number(name);
    this.every('retention', setting('log.retention.check.interval.ms'), () => this.retention());
    this.every('compaction', setting('log.cleaner.backoff.ms'), () => this.compaction());
    this.every(
      'files',
      () => IDLE_FILE_MS,
      () => this.idle(),
    );
    this.every('offsets', setting('offsets.retention.check.interval.ms'), () => broker.groups.expire());
    this.every('transactions', setting('transaction.abort.timed.out.transaction.cleanup.interval.ms'), () =>
      broker.transactions.expire(),
    );
  }

  private every(name: string, interval: () => number, work: () => void | Promise<void>): void {
    const run = async (): Promise<void> => {
      try {
        await work();
      } catch (failure) {
        const text = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
        this.broker.log.error(`${name} failed`, { failure: text });
      }
      if (!this.stopped) plan();
    };
    const plan = (): void => {
      this.cancels.set(
        name,
        this.broker.clock.schedule(Math.max(1, interval()), () => {
          const done = run();
          this.running.add(done);
          done.finally(() => this.running.delete(done));
        }),
      );
    };
    plan();
  }

  private async eachLog(
    concerned: (settings: TopicSettings) => boolean,
    work: (log: PartitionLog, topic: Topic) => unknown,
  ): Promise<void> {
    for (const topic of this.broker.topics.all()) {
      if (!concerned(topic.settings)) continue;
      for (let partition = 0; partition < topic.partitions && !this.stopped; partition++) {
        const log = topic.logWithData(partition);
        if (log !== undefined) await work(log, topic);
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.stopped) return;
    }
  }

  private async retention(): Promise<void> {
    const concerned = ({ deletes, retentionMs, retentionBytes }: TopicSettings): boolean =>
      deletes && (retentionMs >= 0 || retentionBytes >= 0);
    await this.eachLog(concerned, (log, topic) => {
      const removed = enforceRetention(log, topic.settings, this.broker.clock.now());
      if (removed > 0) this.broker.log.info('removed old segments', { partition: log.name, segments: removed });
    });
  }

  private async compaction(): Promise<void> {
    const concerned = ({ compacts }: TopicSettings): boolean => compacts;
    await this.eachLog(concerned, async (log, { settings }) => {
      if (await compact(log, settings, this.broker.clock.now())) {
        this.broker.log.info('compacted', { partition: log.name, bytes: log.size });
      }
    });
  }

  private idle(): void {
    const now = this.broker.clock.now();
    const producersBefore = now - this.broker.settings.number('producer.id.expiration.ms');
    for (const topic of this.broker.topics.all()) {
      for (const log of topic.openLogs()) {
        log.closeIdle(now - IDLE_FILE_MS);
        log.producers.expire(producersBefore);
      }
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const cancel of this.cancels.values()) cancel();
    await Promise.all(this.running);
  }
}
