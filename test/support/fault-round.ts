import { expect } from 'vitest';
import { pause } from '../../src/support/retry.js';
import { FAULTS, inflict } from './faults.js';
import { Dice } from './fuzz/dice.js';
import { sendAll, untilConsistent } from './kill-round.js';
import { seededUuid } from './seeded.js';
import type { Stack } from './stack.js';

/** A pipeline, what is asked of it, and where that has to arrive. */
export interface Journey {
  readonly pipeline: string;
  readonly service: string;
  readonly path: string;
  row(id: string): object;
  /** Of the ids, how many arrived, by place; each has to be the number of ids. */
  readonly arrived: ReadonlyArray<readonly [database: string, sql: string]>;
}

const PIZZA = {
  name: 'Ada',
  customer_id: "O'Hara",
  sauce: 'Red',
  cheese: 'Vegan',
  main_topping: 'Tuna',
  extra_toppings: 'Basil',
};

export const JOURNEYS: readonly Journey[] = [
  {
    pipeline: 'person-planning',
    service: 'person',
    path: '/api/persons',
    row: (id) => ({ id, first_name: 'Ada', last_name: 'Lovelace', date_of_birth: '1815-12-10' }),
    arrived: [
      ['planning', 'SELECT count(*) FROM planning_person WHERE id = ANY($1)'],
      ['person', 'SELECT count(*) FROM events_outboxitem WHERE message_key = ANY($1)'],
    ],
  },
  {
    pipeline: 'pizza-orders',
    service: 'webapp',
    path: '/api/orders',
    row: (id) => ({ id, ...PIZZA }),
    arrived: [['delivery', 'SELECT count(*) FROM delivered WHERE order_id = ANY($1)']],
  },
];

const ROWS = 200;
const PAUSE_MS = 1_500;
/** A server may be stopped while the disk is full. */
const AT_ONCE = 5;
/** What one takes with the pause before it, on average. */
const FAULT_MS = 2_500;

/**
 * Sends rows while faults happen, five at a time, and asks the checks all the while. Whoever gets no answer sends the same row
 * again. No check may call the replica inconsistent, and in the end everything acknowledged has arrived, once.
 */
export async function faultRound(
  stack: Stack,
  journey: Journey,
  options: { readonly seed: number; readonly faults: number },
) {
  const dice = new Dice(options.seed);
  const ids = Array.from({ length: ROWS }, () => seededUuid(dice.random));
  const inflicted: string[] = [];
  let over = false;
  const story = (): string => `seed ${options.seed}, after ${inflicted.join(', ')}`;
  const faults = async (own: Dice): Promise<void> => {
    for (let count = 0; count < options.faults / AT_ONCE; count++) {
      await pause(own.below(PAUSE_MS));
      await inflict(own.pick(FAULTS), stack, own, (what) => inflicted.push(what));
    }
  };
  const series = Array.from({ length: AT_ONCE }, () => new Dice(dice.below(2 ** 32)));
  const checks = async (): Promise<number> => {
    let asked = 0;
    for (; !over; asked++) {
      const { code, stdout, stderr } = await stack.run('verify-consistency', '--timeout', '10s');
      expect([0, 4, 5], `${story()}:\n${stderr}${stdout}`).toContain(code);
    }
    return asked;
  };
  const url = `${await stack.url(journey.service)}${journey.path}`;
  const spreadMs = (options.faults / AT_ONCE) * FAULT_MS;
  const [asked] = await Promise.all([
    checks(),
    Promise.all(series.map(faults)).finally(() => {
      over = true;
    }),
    sendAll(
      ids.map((id) => ({ ...journey.row(id), id })),
      url,
      spreadMs,
    ),
  ]);
  const quietMs = performance.now();
  const said = await untilConsistent(stack, story());
  const settledMs = performance.now() - quietMs;
  for (const [database, sql] of journey.arrived) {
    const client = await stack.database(database);
    const [[count] = []] = await client.queryText(sql, [ids]).finally(() => client.close());
    expect(Number(count), `${story()}: ${database}`).toBe(ids.length);
  }
  return { inflicted, asked, said, settledMs };
}
