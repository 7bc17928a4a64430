import { expect, it } from 'vitest';
import { TableReader } from '../../../src/consistency/table-reader.js';

const options = { signal: new AbortController().signal };
const unconnected = (): Promise<never> => Promise.reject(new Error('nothing may be sent'));

it.each([
  'SELECT 1 FROM t WHERE (true); COMMIT; DELETE FROM t; SELECT (true)',
  "SELECT 1 FROM t WHERE (v = ';'); DROP TABLE t --)",
])('sends no SQL that could end its read-only transaction: %s', async (sql) => {
  await expect(async () => new TableReader(unconnected).read(sql, [], options)).rejects.toMatchObject({
    code: 'EVPIPE_CHECK_SQL',
  });
});

it.each(["SELECT 1 WHERE v = ';'", 'SELECT 1 -- ; COMMIT', 'SELECT $x$;$x$', 'SELECT 1;'])(
  'sends a single statement, whatever its texts hold: %s',
  async (sql) => {
    await expect(new TableReader(unconnected).read(sql, [], options)).rejects.toThrow('nothing may be sent');
  },
);
