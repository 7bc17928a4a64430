import { describe, expect, it } from 'vitest';
import { statementStarts } from '../../../../src/clients/postgres/statement-starts.js';

const statements = (sql: string): string[] => statementStarts(sql).map((start) => sql.slice(start, start + 8));

describe('where statements begin', () => {
  it.each<[string, string, string[]]>([
    ['after semicolons', 'SELECT 1; SELECT 2;', ['SELECT 1', 'SELECT 2']],
    ['not inside quotes', `INSERT 'a;b''c;'; DELETE "x;y"`, [`INSERT '`, 'DELETE "']],
    ['not inside escape strings', `VALUES (E'\\';'); DELETE 1`, ['VALUES (', 'DELETE 1']],
    ['not inside dollar quotes', 'DO $a$ x; $$ y; $a$; DELETE 1', ['DO $a$ x', 'DELETE 1']],
    ['not inside nested comments', '/* a; /* b; */ c; */ SELECT 1; -- d;\nDELETE 1', ['SELECT 1', 'DELETE 1']],
    ['not inside BEGIN ATOMIC', 'CREATE F BEGIN ATOMIC a; CASE x END; b; END; DELETE 1', ['CREATE F', 'DELETE 1']],
    ['BEGIN alone is a statement', 'BEGIN; SELECT 1; END; DELETE 1', ['BEGIN; S', 'SELECT 1', 'END; DEL', 'DELETE 1']],
    ['empty ones do not count', ';; ; SELECT 1 ;', ['SELECT 1']],
  ])('%s', (_, sql, expected) => {
    expect(statements(sql)).toEqual(expected);
  });
});
