import { randomUUID } from 'node:crypto';
import { quoteIdentifier } from '../protocol/sql.js';
import { messageOf } from '../support/errors.js';
import type { Log } from '../support/log.js';
import type { Database, Queries, Transaction } from './database.js';

/** One event as it is in the outbox, and as a broker is given it. */
export interface OutboxRecord {
  readonly id: string;
  /** Where it goes: a topic, or whatever the publisher takes it for (an exchange, a queue). */
  readonly topic: string;
  /** Events of one key stay in order: the natural key of what they are about. */
  readonly key: string;
  /** JSON, as it will stand in the broker; null: what the key names is gone. */
  readonly body: string | null;
}

/** Hands events over to a broker. */
export interface Publisher {
  /**
   * Resolves once the broker has acknowledged all of them; they get there in this order. Throws, within seconds, where
   * that is not sure of even one: all of them are published again then.
   */
  publish(records: readonly OutboxRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface PollingOutboxOptions {
  readonly database: Database;
  /**
   * Has `id uuid PRIMARY KEY, number bigint GENERATED ALWAYS AS IDENTITY, topic text, key text, body text,
   * time_created timestamptz DEFAULT now(), sent boolean DEFAULT false, failure text`, and an index on `number` WHERE NOT sent.
   */
  readonly table: string;
  /** Default: Kafka. */
  readonly publisher?: Publisher;
}

export interface PollingOutbox {
  /** Puts an event into the outbox: it is published, soon, if and only if the transaction commits. Call it after the entity's own statement. */
  add(transaction: Transaction, event: Omit<OutboxRecord, 'id'> & { readonly id?: string }): Promise<void>;
}

/** How soon an event is found that was not announced: of an instance that died after its commit, or put in by SQL. */
const RESEND_MS = 1_000;
/** Another instance is sending: what it did not see is looked for soon. */
const BUSY_MS = 50;
const BROKEN = { firstMs: 200, mostMs: 5_000 };
const BATCH_RECORDS = 200;
const SAY_AGAIN_MS = 30_000;
/** How soon an event that the broker refuses is tried again, and with it the others of its key. */
const HELD_AGAIN_MS = 30_000;
/** With more keys than this held back, it is not single events that are wrong. */
const HELD_MAX = 1_000;

/**
 * Sends what is in the outbox: at once after a commit, and again every second whatever is unsent.
 *
 * One instance sends at a time (an advisory lock of PostgreSQL, held by the transaction that marks what was sent), in the
 * order of `number`: events of one key were numbered under their entity's row lock, so they stay in order. An event is
 * marked as sent only after the broker's acknowledgement; a crash in between publishes it once more, so whoever
 * consumes it compares versions. Where publishing fails nothing is marked, and the next attempts send singly: why the broker
 * does not take an event is noted in its row. If it takes the next one of another key, the event itself is what is wrong: its
 * key is held back, so that order is kept, all others go on, and it is tried again every half a minute.
 */
export function startPollingOutbox(
  { database, table, publisher }: PollingOutboxOptions & { readonly publisher: Publisher },
  log: Log,
): PollingOutbox & { stop(): Promise<void> } {
  const name = quoteIdentifier(table);
  const trouble = new Trouble(table, log);
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let wanted = false;
  let stopped = false;
  let records = BATCH_RECORDS;
  let brokenMs = BROKEN.firstMs;
  const held = new HeldKeys(table, log);

  const sendAll = async (): Promise<number> => {
    for (;;) {
      wanted = false;
      const sent = await database.transaction((transaction) =>
        sendSome(transaction, { table, name, publisher, records, without: held.keys() }),
      );
      if (sent === 'busy') return BUSY_MS;
      if (typeof sent === 'object') {
        // The broker may be away as well as refuse this event: the next one tells.
        if (!held.failed(sent)) throw sent.cause;
        continue;
      }
      held.taken(sent);
      trouble.over();
      brokenMs = BROKEN.firstMs;
      const more = sent === records;
      if (held.suspects) {
        records = 1;
        continue;
      }
      records = Math.min(records * 2, BATCH_RECORDS);
      if (stopped || (!more && !wanted)) return RESEND_MS;
    }
  };
  const wake = (): void => {
    wanted = true;
    if (sending !== undefined || stopped) return;
    clearTimeout(timer);
    sending = sendAll()
      .catch((failure: unknown) => {
        records = 1;
        brokenMs = Math.min(brokenMs * 1.5, BROKEN.mostMs);
        trouble.say(failure);
        return brokenMs;
      })
      .then((pauseMs) => {
        sending = undefined;
        if (!stopped) timer = setTimeout(wake, pauseMs);
      });
  };
  wake();

  return {
    async add(transaction, { id, topic, key, body }) {
      await transaction.query(`INSERT INTO ${name} (id, topic, key, body) VALUES ($1, $2, $3, $4)`, [
        id ?? randomUUID(),
        topic,
        key,
        body,
      ]);
      transaction.afterCommit(() => {
        if (!trouble.isOpen) wake(); // else the next attempt is due anyway, and one a commit would be too many
      });
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await sending;
    },
  };
}

interface Sender {
  readonly table: string;
  readonly name: string;
  readonly publisher: Publisher;
  readonly records: number;
  readonly without: readonly string[];
}

/** A single event that could not be published. */
interface Refusal {
  readonly key: string;
  readonly cause: Error;
}

const HELD_KEY = "topic || ' ' || coalesce(key, '')";

/** Answers how many were sent, or the one that could not be; `busy` where another instance sends at this moment. Throws where several could not. */
async function sendSome(
  transaction: Queries,
  { table, name, publisher, records, without }: Sender,
): Promise<number | 'busy' | Refusal> {
  const [lock] = await transaction.query<{ mine: boolean }>(
    'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS mine',
    [`outbox ${table}`],
  );
  if (lock?.mine !== true) return 'busy';
  const unsent = await transaction.query<OutboxRecord>(
    `SELECT id, topic, key, body FROM ${name} WHERE NOT sent AND NOT ${HELD_KEY} = ANY($1) ORDER BY number LIMIT ${records}`,
    [without],
  );
  const [first] = unsent;
  if (first === undefined) return 0;
  try {
    await publisher.publish(unsent);
  } catch (failure) {
    const { id, topic, key } = first;
    const which = unsent.length === 1 ? `event ${id} (topic ${topic}, key ${key})` : `${unsent.length} events`;
    const cause = new Error(`${which} can't be published: ${messageOf(failure)}`, { cause: failure });
    if (unsent.length > 1) throw cause;
    await transaction.query(`UPDATE ${name} SET failure = $2 WHERE id = $1`, [id, messageOf(failure)]);
    return { key: `${topic} ${key ?? ''}`, cause };
  }
  await transaction.query(`UPDATE ${name} SET sent = true, failure = NULL WHERE id = ANY($1)`, [
    unsent.map(({ id }) => id),
  ]);
  return unsent.length;
}

/**
 * Keys whose first unsent event the broker refuses. Others tell whether it is the event or the broker, which may have been away
 * for a moment:
 *
 *   free ──its event fails──▶ suspected ──another key's is taken──▶ tried again ──fails──▶ held ──half a minute──▶ free
 *                                 │                                     └──taken──▶ free
 *                                 └──another key's fails too, or there is none: the broker is away──▶ free
 */
class HeldKeys {
  private readonly held = new Set<string>();
  private suspected: Refusal | undefined;
  private others: 'not tried' | 'taken' = 'not tried';
  private sinceMs = 0;

  constructor(
    private readonly table: string,
    private readonly log: Log,
  ) {}

  /** A suspected event is tried alone. */
  get suspects(): boolean {
    return this.suspected !== undefined;
  }

  /** Those to leave out now. */
  keys(): readonly string[] {
    if (this.held.size > 0 && performance.now() - this.sinceMs >= HELD_AGAIN_MS) this.held.clear();
    const left = this.others === 'taken' ? undefined : this.suspected?.key;
    return left === undefined ? [...this.held] : [...this.held, left];
  }

  /** False where it is not the event that is wrong. */
  failed(refusal: Refusal): boolean {
    const { suspected, others } = this;
    this.suspected = undefined;
    this.others = 'not tried';
    if (suspected === undefined) {
      this.suspected = refusal;
      return this.held.size < HELD_MAX;
    }
    if (others === 'not tried' || refusal.key !== suspected.key) return false;
    if (this.held.size === 0) this.sinceMs = performance.now();
    this.held.add(refusal.key);
    this.log.warn(`outbox ${this.table}: ${messageOf(refusal.cause)}; it holds back its key, all others go on`);
    return true;
  }

  /** So many were taken. Throws what failed before where there was no other to try. */
  taken(count: number): void {
    const { suspected, others } = this;
    if (suspected === undefined) return;
    if (count > 0 && others === 'not tried') this.others = 'taken';
    else {
      this.suspected = undefined;
      this.others = 'not tried';
      if (count === 0) throw suspected.cause;
    }
  }
}

/** What was said of a broker or database that is away: once, again where it changes, and every half a minute. */
class Trouble {
  private said: { readonly text: string; readonly atMs: number } | undefined;

  constructor(
    private readonly table: string,
    private readonly log: Log,
  ) {}

  get isOpen(): boolean {
    return this.said !== undefined;
  }

  say(failure: unknown): void {
    const text = `outbox ${this.table}: ${messageOf(failure)}; it stays unsent and is tried again`;
    const now = performance.now();
    if (this.said?.text === text && now - this.said.atMs < SAY_AGAIN_MS) return;
    this.said = { text, atMs: now };
    this.log.warn(text);
  }

  over(): void {
    if (this.said !== undefined) this.log.info(`outbox ${this.table} is sent from again`);
    this.said = undefined;
  }
}
