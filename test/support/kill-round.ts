import { expect } from 'vitest';
import { pause, waitUntil } from '../../src/support/retry.js';
import { seeded, seededUuid, shuffled } from './seeded.js';
import type { Stack } from './stack.js';

export const VICTIMS = [
  'kafka',
  'registry',
  'connect',
  'ksqldb',
  'postgres',
  'person',
  'planning-person-consumer',
  'planning-balance-sheet-consumer',
] as const;

export interface Round {
  readonly seed: number;
  readonly persons: number;
  /** The creating is spread over so long, and so are the kills. */
  readonly spreadMs: number;
  /** Kill the supervisor too, and bring everything up again. */
  readonly supervisor: boolean;
}

const SENDERS = 8;
/** A client gives up on one row after so long: much longer than any restart takes. */
const SEND_TIMEOUT_MS = 120_000;

/**
 * Creates persons, and a balance sheet for every fourth of them, through the services' APIs while each process is killed once, at moments that
 * the seed tells. Whoever gets no answer sends the same row, under the same id, again. Then: everything acknowledged is in
 * the replicas, reported once by the outbox, and the checks say consistent.
 */
export async function killRound(stack: Stack, round: Round): Promise<{ readonly settledMs: number }> {
  const random = seeded(round.seed);
  const persons = Array.from({ length: round.persons }, () => seededUuid(random));
  const sheets = persons.filter((_, index) => index % 4 === 0).map((person) => ({ id: seededUuid(random), person }));
  const [personUrl, accountingUrl] = [await stack.url('person'), await stack.url('accounting')];

  const creating = Promise.all([
    sendAll(
      persons.map((id) => ({ id, first_name: 'Ada', last_name: 'Lovelace', date_of_birth: '1815-12-10' })),
      `${personUrl}/api/persons`,
      round.spreadMs,
    ),
    sendAll(
      sheets.map(({ id, person }) => ({
        id,
        person_id: person,
        date_calculated: '2026-01-01',
        assets: 1,
        liabilities: 2,
      })),
      `${accountingUrl}/api/balance-sheets`,
      round.spreadMs,
    ),
  ]);
  const killing = killAll(stack, random, round);
  await Promise.all([creating, killing]);

  const quietMs = performance.now();
  await untilConsistent(stack, `the kills of seed ${round.seed}`);
  await expectArrived(
    stack,
    persons,
    sheets.map(({ id }) => id),
    round.seed,
  );
  return { settledMs: performance.now() - quietMs };
}

/** Answers what the checks said, each time that they were asked. */
export async function untilConsistent(stack: Stack, after: string): Promise<readonly string[]> {
  const said: string[] = [];
  await waitUntil(
    `the checks to hold after ${after}`,
    async () => {
      const ended = await stack.run('verify-consistency');
      said.push(`${ended.stderr}${ended.stdout}`);
      if (ended.code === 0) return true;
      throw new Error(said.at(-1));
    },
    { timeoutMs: 90_000 },
  );
  return said;
}

export async function sendAll(rows: readonly { readonly id: string }[], url: string, spreadMs: number): Promise<void> {
  const startedMs = performance.now();
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let index = next++; index < rows.length; index = next++) {
      const dueMs = (index / rows.length) * spreadMs - (performance.now() - startedMs);
      if (dueMs > 0) await pause(dueMs);
      await send(url, rows[index]);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
}

/** Until it is acknowledged. A refusal (4xx) is final: it would never be. */
async function send(url: string, row: unknown): Promise<void> {
  await waitUntil(
    `POST ${url}`,
    async () => {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(row),
        signal: AbortSignal.timeout(15_000),
      });
      const text = await answer.text();
      if (answer.status >= 500) throw new Error(`${answer.status} ${text}`);
      expect(answer.status, text).toBeLessThan(300);
      return true;
    },
    { timeoutMs: SEND_TIMEOUT_MS, pauseMs: 50, maxPauseMs: 500 },
  );
}

async function killAll(stack: Stack, random: () => number, round: Round): Promise<void> {
  const victims = [...shuffled(VICTIMS, random)] as string[];
  if (round.supervisor) victims.splice(Math.floor(random() * (victims.length + 1)), 0, 'supervisor');
  for (const victim of victims) {
    await pause((random() * 2 * round.spreadMs) / (victims.length + 1));
    await stack.kill(victim);
    if (victim !== 'supervisor') continue;
    const ended = await stack.run('up', '--no-verify');
    expect(ended.code, `seed ${round.seed}, up after the supervisor was killed:\n${ended.stderr}${ended.stdout}`).toBe(
      0,
    );
  }
}

async function expectArrived(
  stack: Stack,
  persons: readonly string[],
  sheets: readonly string[],
  seed: number,
): Promise<void> {
  const count = async (database: string, sql: string, ids: readonly string[]): Promise<number> => {
    const client = await stack.database(database);
    try {
      const [row] = await client.queryText(sql, [ids as string[]]);
      return Number(row?.[0]);
    } finally {
      await client.close();
    }
  };
  const found = {
    persons: await count('planning', 'SELECT count(*) FROM planning_person WHERE id = ANY($1)', persons),
    sheets: await count('planning', 'SELECT count(*) FROM planning_balancesheet WHERE id = ANY($1)', sheets),
    events: await count('person', 'SELECT count(*) FROM events_outboxitem WHERE message_key = ANY($1)', persons),
  };
  expect(found, `seed ${seed}`).toEqual({ persons: persons.length, sheets: sheets.length, events: persons.length });
}
