import { type Consumer, type EachBatchPayload, Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import type { KafkaAccess } from '../clients/kafka/contract.js';
import { EvpipeError, messageOf } from '../support/errors.js';
import type { Log } from '../support/log.js';
import type { Database, Transaction } from './database.js';
import { kafkaLog } from './kafka-log.js';
import { kafkajsSettings } from './kafka-settings.js';
import { NotYet } from './not-yet.js';

export interface Message {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: string | null;
  /** Null: what the key names is gone (a tombstone). */
  readonly value: Buffer | null;
  readonly timestamp: Date;
  readonly headers: Readonly<Record<string, string>>;
}

export type ConsumerOptions = {
  readonly group: string;
  readonly topics: readonly string[];
} & (IntoDatabase | Elsewhere);

interface IntoDatabase {
  readonly database: Database;
  /**
   * Applies one message by statements of the transaction. It may see a message again (after a crash, or because
   * another one of its transaction failed), so it must come to the same end. Throws NotYet, before its first
   * write, where something else has to happen first.
   */
  readonly apply: (message: Message, transaction: Transaction) => Promise<void>;
}

interface Elsewhere {
  readonly database?: undefined;
  /** Applies one message where there is no transaction; as above, it may see a message again. */
  readonly apply: (message: Message) => Promise<void>;
}

export interface ConsumerContext {
  readonly access: KafkaAccess;
  readonly log: Log;
  readonly onFailure: (failure: unknown) => void;
}

/** The least that Kafka allows by default: so long a killed consumer's partitions wait for their next owner. */
const SESSION_MS = 6_000;
const HEARTBEAT_MS = 1_000;
/** What Kafka's own consumers use. A partition that was held back is fetched again when the fetch on its way ends: at most this later. */
const FETCH_WAIT_MS = 500;
/** Messages of one transaction: a few hundred small statements take less than a heartbeat. */
const CHUNK_MESSAGES = 200;
/** Fetches end every FETCH_WAIT_MS; without one for so long the client is stuck, and a new process is the cure. */
const STALLED_MS = 60_000;
/** kafkajs counts by the clock: where it is set back by more, no heartbeat is sent until it has caught up, for an hour or a day. */
const CLOCK_STEP_MS = SESSION_MS / 2;

/**
 * Reads the topics from their beginning and applies each message at least once, in the order of its partition.
 *
 * A partition is in one of two states. Flowing: its messages are applied in chunks, one transaction each, and their
 * offset is committed to Kafka afterwards. Held: the message at its head can't be applied, because it has to
 * wait (NotYet), because the database or the registry is away, or because it is spoilt. Then the partition pauses,
 * says so with topic, partition and offset, and the same message is tried again with growing pauses until it
 * succeeds. Nothing is skipped; other partitions go on meanwhile.
 */
export async function startConsumer(
  options: ConsumerOptions,
  { access, log, onFailure }: ConsumerContext,
): Promise<{ stop(): Promise<void> }> {
  const kafka = new Kafka({
    clientId: options.group,
    ...kafkajsSettings(access),
    logLevel: logLevel.WARN,
    logCreator: kafkaLog(log),
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 8 },
  });
  const consumer = kafka.consumer({
    groupId: options.group,
    sessionTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: SESSION_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    allowAutoTopicCreation: false,
  });
  const holds = new Holds(log);
  const stalled = watchProgress(consumer, onFailure);
  const joined = firstJoin(consumer, options, { log, onFailure });
  joined.catch(() => {}); // awaited below, unless connecting fails before

  const stop = async (): Promise<void> => {
    stalled.end();
    holds.end();
    await consumer.disconnect(); // leaves the group: the next member has not to wait for this one's session to end
  };
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...options.topics], fromBeginning: true });
    await consumer.run({
      eachBatchAutoResolve: false, // offsets are committed as far as this consumer resolved them, after every batch
      eachBatch: (payload) => applyBatch(payload, options, holds),
    });
    await joined;
  } catch (failure) {
    await stop();
    throw new EvpipeError(
      'EVPIPE_CONSUMER_START',
      `group ${options.group} can't read ${options.topics.join(', ')} from ${access.bootstrapServers}: ${messageOf(failure)}`,
      { kind: 'unreachable', cause: failure },
    );
  }
  return { stop };
}

function firstJoin(
  consumer: Consumer,
  options: ConsumerOptions,
  { log, onFailure }: Pick<ConsumerContext, 'log' | 'onFailure'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      const partitions = options.topics.map((topic) => `${topic}[${payload.memberAssignment[topic]?.join(',') ?? ''}]`);
      log.info('joined the group', { group: options.group, partitions: partitions.join(' ') });
      resolve();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (payload.restart) return; // kafkajs joins again by itself, having left the group
      const failure = new EvpipeError('EVPIPE_CONSUMER_CRASHED', `the consumer ended: ${messageOf(payload.error)}`, {
        cause: payload.error,
      });
      onFailure(failure);
      reject(failure);
    });
  });
}

/** kafkajs can get stuck after a broker went away or the clock was set, without saying so; then this process ends and a new one begins. */
function watchProgress(consumer: Consumer, onFailure: (failure: unknown) => void): { end(): void } {
  let lastMs = performance.now();
  const moved = () => {
    lastMs = performance.now();
  };
  for (const event of [
    consumer.events.FETCH,
    consumer.events.GROUP_JOIN,
    consumer.events.END_BATCH_PROCESS,
    consumer.events.HEARTBEAT,
  ] as const) {
    consumer.on(event, moved);
  }
  let aheadMs = Date.now() - performance.now();
  const timer = setInterval(() => {
    const stepMs = Date.now() - performance.now() - aheadMs;
    aheadMs += stepMs;
    const isStalled = performance.now() - lastMs >= STALLED_MS;
    if (!isStalled && Math.abs(stepMs) < CLOCK_STEP_MS) return;
    clearInterval(timer);
    onFailure(isStalled ? stalledError() : clockError(stepMs));
  }, 1_000);
  timer.unref();
  return { end: () => clearInterval(timer) };
}

const stalledError = (): EvpipeError =>
  new EvpipeError('EVPIPE_CONSUMER_STALLED', `nothing could be fetched from Kafka for ${STALLED_MS / 1000} s`, {
    kind: 'unreachable',
  });

const clockError = (stepMs: number): EvpipeError =>
  new EvpipeError(
    'EVPIPE_CONSUMER_CLOCK',
    `the clock was set ${stepMs < 0 ? 'back' : 'forward'} by ${Math.round(Math.abs(stepMs) / 1000)} s: the consumer begins anew`,
  );

async function applyBatch(payload: EachBatchPayload, options: ConsumerOptions, holds: Holds): Promise<void> {
  const { batch, resolveOffset, heartbeat, pause, isRunning, isStale } = payload;
  const messages = batch.messages.map((message) => toMessage(batch.topic, batch.partition, message));
  for (let next = 0; next < messages.length; ) {
    if (!isRunning() || isStale()) return;
    const { applied, problem } = await applyChunk(messages.slice(next, next + CHUNK_MESSAGES), options);
    next += applied;
    const last = messages[next - 1];
    if (applied > 0 && last !== undefined) {
      resolveOffset(last.offset);
      holds.release(last);
    }
    const head = messages[next];
    if (problem !== undefined && head !== undefined) {
      holds.hold(head, problem, pause());
      return;
    }
    await heartbeat();
  }
}

interface Applied {
  readonly applied: number;
  /** Why the message after the applied ones was not; undefined: all are applied. */
  readonly problem?: unknown;
}

/** Applies what it can of the messages, in order. Never throws. */
async function applyChunk(messages: readonly Message[], options: ConsumerOptions): Promise<Applied> {
  if (options.database === undefined) return applySingly(messages, options.apply);
  try {
    return await applyInOneTransaction(messages, options);
  } catch (problem) {
    if (messages.length === 1) return { applied: 0, problem };
  }
  // One of them spoils the transaction of all: singly, those before it get through.
  return applySingly(messages, async (message) => {
    const { problem } = await applyInOneTransaction([message], options);
    if (problem !== undefined) throw problem;
  });
}

async function applySingly(messages: readonly Message[], apply: Elsewhere['apply']): Promise<Applied> {
  let applied = 0;
  for (const message of messages) {
    try {
      await apply(message);
    } catch (problem) {
      return { applied, problem };
    }
    applied += 1;
  }
  return { applied };
}

function applyInOneTransaction(messages: readonly Message[], { database, apply }: IntoDatabase): Promise<Applied> {
  return database.transaction(async (transaction) => {
    let applied = 0;
    for (const message of messages) {
      try {
        await apply(message, transaction);
      } catch (problem) {
        if (problem instanceof NotYet) return { applied, problem }; // it has written nothing: those before it are committed
        throw problem;
      }
      applied += 1;
    }
    return { applied };
  });
}

interface Hold {
  readonly offset: string;
  readonly since: number;
  pauseMs: number;
  saidMs: number;
  said: string;
}

/** A wait ends by itself within moments; what is broken needs an operator. */
const WAIT = { firstMs: 50, mostMs: 500 };
const BROKEN = { firstMs: 200, mostMs: 10_000 };
/** Most waits are over before anyone could wonder. */
const SAY_WAIT_MS = 2_000;
const SAY_AGAIN_MS = 30_000;

/** Which partitions are held back at which message, for how long, and what was said about it. */
class Holds {
  private readonly held = new Map<string, Hold>();
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(private readonly log: Log) {}

  hold(head: Message, problem: unknown, resume: () => void): void {
    const place = `${head.topic}[${head.partition}]@${head.offset}`;
    const key = `${head.topic}[${head.partition}]`;
    const waits = problem instanceof NotYet;
    const { firstMs, mostMs } = waits ? WAIT : BROKEN;
    const now = performance.now();
    const before = this.held.get(key);
    const hold: Hold =
      before?.offset === head.offset
        ? { ...before, pauseMs: Math.max(firstMs, Math.min(before.pauseMs * 1.5, mostMs)) }
        : { offset: head.offset, since: now, pauseMs: firstMs, saidMs: 0, said: '' };
    const text = waits ? problem.message : `can't be applied: ${messageOf(problem)}`;
    const worthSaying = !waits || now - hold.since >= SAY_WAIT_MS;
    if (worthSaying && (text !== hold.said || now - hold.saidMs >= SAY_AGAIN_MS)) {
      const seconds = Math.round((now - hold.since) / 1000);
      this.log[waits ? 'info' : 'error'](`${place} ${text}`, { key: head.key ?? undefined, forSeconds: seconds });
      hold.said = text;
      hold.saidMs = now;
    }
    this.held.set(key, hold);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      resume();
    }, hold.pauseMs);
    this.timers.add(timer);
  }

  /** A message of the partition has been applied. */
  release(message: Message): void {
    const key = `${message.topic}[${message.partition}]`;
    const hold = this.held.get(key);
    if (hold === undefined) return;
    this.held.delete(key);
    if (hold.said !== '')
      this.log.info(`${key}@${hold.offset} is applied`, { afterMs: Math.round(performance.now() - hold.since) });
  }

  end(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }
}

function toMessage(topic: string, partition: number, message: KafkaMessage): Message {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) headers[name] = first.toString();
  }
  return {
    topic,
    partition,
    offset: message.offset,
    key: message.key?.toString() ?? null,
    value: message.value,
    timestamp: new Date(Number(message.timestamp)),
    headers,
  };
}
