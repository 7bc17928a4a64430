import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HISTORY_MAX, StatementHistory } from '../../../src/cli/statement-history.js';
import { onOneLine } from '../../../src/kinds/ksqldb/ksql.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-history-'));
  file = join(folder, 'evpipe', 'ksql-history');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the history of a statement shell', () => {
  it('is there the next time, the newest first, in a file that only its user reads', () => {
    const first = new StatementHistory(file);
    for (const statement of ['SHOW STREAMS;', 'SHOW TABLES;', 'SHOW TABLES;']) first.add(statement);
    expect(new StatementHistory(file).statements).toEqual(['SHOW TABLES;', 'SHOW STREAMS;']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'evpipe')).mode & 0o777).toBe(0o700);
  });

  it('writes down no statement that holds a password, and recalls it all the same', () => {
    const history = new StatementHistory(file);
    history.add("CREATE SINK CONNECTOR c WITH ('connection.password'='hunter2');");
    history.add("CREATE SOURCE CONNECTOR d WITH ('connection.url'='postgres://me:hunter2@db/shop');");
    history.add('SHOW TABLES;');
    expect(history.statements).toHaveLength(3);
    expect(readFileSync(file, 'utf8')).toBe('SHOW TABLES;\n');
  });

  it('keeps the newest, and lets go of the oldest', () => {
    new StatementHistory(file).add('SELECT 0;');
    writeFileSync(file, Array.from({ length: 2 * HISTORY_MAX + 1 }, (_, at) => `SELECT ${at};\n`).join(''));
    const { statements } = new StatementHistory(file);
    expect([statements.length, statements[0]]).toEqual([HISTORY_MAX, `SELECT ${2 * HISTORY_MAX};`]);
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(HISTORY_MAX + 1);
  });

  it('holds a statement of several lines on one, without its comments', () => {
    expect(onOneLine("SELECT a, -- the first\n  'it''s' /* b */ || b\nFROM s;")).toBe("SELECT a, 'it''s' || b FROM s;");
  });
});
