import { pause } from '../../src/support/retry.js';
import { seeded, seededUuid } from './seeded.js';
import type { Stack } from './stack.js';

export interface Load {
  /** Made so far. */
  readonly changes: () => number;
  /** Throws what went wrong with it. */
  stop(): Promise<void>;
}

/** Inserts, updates and deletes balance sheets in their database by SQL, so many a second, until it is stopped. */
export async function changeSheets(stack: Stack, options: { seed: number; perSecond: number }): Promise<Load> {
  const random = seeded(options.seed);
  const accounting = await stack.database('accounting');
  const person = await stack.database('person');
  const persons = (await person.queryText('SELECT id FROM person_person')).map(([id]) => id ?? '');
  await person.close();
  const mine: string[] = [];
  let changes = 0;
  let over = false;
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;

  const change = async (): Promise<void> => {
    const dice = random();
    if (mine.length === 0 || dice < 0.4) {
      const id = seededUuid(random);
      mine.push(id);
      await accounting.query(
        `INSERT INTO accounting_balancesheet (id, person_id, date_calculated, assets, liabilities)
         VALUES ($1, $2, '2026-01-01', 1, 2)`,
        [id, pick(persons)],
      );
    } else if (dice < 0.8) {
      await accounting.query('UPDATE accounting_balancesheet SET assets = assets + 1 WHERE id = $1', [pick(mine)]);
    } else {
      const [gone] = mine.splice(Math.floor(random() * mine.length), 1);
      await accounting.query('DELETE FROM accounting_balancesheet WHERE id = $1', [gone]);
    }
  };
  const running = (async () => {
    const startedMs = performance.now();
    while (!over) {
      await change();
      changes += 1;
      const dueMs = (changes / options.perSecond) * 1000 - (performance.now() - startedMs);
      if (dueMs > 1) await pause(dueMs);
    }
  })();
  running.catch(() => {});
  return {
    changes: () => changes,
    stop: async () => {
      over = true;
      try {
        await running;
      } finally {
        await accounting.close();
      }
    },
  };
}
