import { expect, it } from 'vitest';
import { fuzzPostgres } from '../../../support/fuzz/fake-postgres.js';

/** `npm run soak fuzz` goes on much longer. */
it('a PostgreSQL server that says what it may not is refused, and ends nothing', async () => {
  expect(await fuzzPostgres(200, 1)).toEqual([]);
});
