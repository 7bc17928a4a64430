import { describe, expect, it } from 'vitest';
import { completionsOf } from '../../../src/kinds/ksqldb/completion.js';

const names = {
  sources: new Map([
    ['ORDERS', ['ID', 'CUSTOMER', 'TOTAL', 'at time']],
    ['TOTALS', ['CUSTOMER', 'N']],
  ]),
  functions: ['TOPK', 'TO_BYTES'],
  topics: ['orders', 'order-lines', 'pizza'],
};
const offered = (before: string): readonly string[] => completionsOf(before, names).candidates;

describe('what may follow in a ksqlDB statement', () => {
  it('begins with the words of statements', () => {
    expect(offered('SH')).toEqual(['SHOW']);
    expect(offered('des')).toEqual(['describe']);
  });

  it('is a stream or table where one has to stand', () => {
    expect(offered('SELECT * FROM ')).toEqual(['ORDERS', 'TOTALS']);
    expect(offered('select * from t')).toEqual(['totals']);
    expect(offered('DROP TABLE IF EXISTS T')).toEqual(['TOTALS']);
  });

  it('is a column of what the statement names, also by its alias and on an earlier line', () => {
    expect(offered('SELECT * FROM orders o\n WHERE o.')).toEqual(['CUSTOMER', 'ID', 'TOTAL', '`at time`']);
    expect(offered('SELECT * FROM orders WHERE cust')).toEqual(['customer']);
    expect(offered('SELECT * FROM totals t JOIN orders o ON t.')).toEqual(['CUSTOMER', 'N']);
  });

  it('is a function or a word of a clause otherwise, in the case of what was typed', () => {
    expect(offered('SELECT TO')).toEqual(['TOPIC', 'TOPICS', 'TOPK(', 'TOTALS', 'TO_BYTES(']);
    expect(offered('SELECT * FROM orders emi')).toEqual(['emit']);
  });

  it('is a topic behind PRINT, with its quotes', () => {
    expect(offered('PRINT ord')).toEqual(["'order-lines'", "'orders'"]);
    expect(completionsOf("PRINT 'p", names)).toEqual({ candidates: ["pizza'"], typed: 'p' });
  });
});
