import { expect, it } from 'vitest';
import { ScriptChecker } from '../../../src/ksql/check-script.js';
import { parseStatements } from '../../../src/protocol/ksql/parse.js';

const ORDER = JSON.stringify({
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'price', type: 'double' },
  ],
});

const ORDERS = `CREATE STREAM orders (id INT KEY, price DOUBLE, note STRING)
  WITH (KAFKA_TOPIC = 'orders', VALUE_FORMAT = 'JSON');`;
const INFERRED = "CREATE STREAM inferred WITH (KAFKA_TOPIC = 'orders', VALUE_FORMAT = 'AVRO');";
const FOREIGN = "CREATE STREAM foreign_rows WITH (KAFKA_TOPIC = 'elsewhere', VALUE_FORMAT = 'AVRO');";

/** Faults as `line:column message`; the first line of each. */
async function faults(script: string): Promise<string[]> {
  const checker = new ScriptChecker();
  checker.declareSubject('orders-value', { schema: ORDER, type: 'AVRO', references: new Map() });
  const found: string[] = [];
  for (const statement of parseStatements(script)) {
    const fault = await checker.check(statement);
    if (fault !== undefined) found.push(`${fault.at.line}:${fault.at.column} ${fault.message.split('\n')[0]}`);
  }
  return found;
}

it.each([
  [
    'an unknown column',
    `${ORDERS}\nCREATE STREAM s AS SELECT id, prize FROM orders;`,
    ["3:31 SELECT column 'PRIZE' cannot be resolved."],
  ],
  [
    'an unknown function',
    `${ORDERS}\nCREATE STREAM s AS SELECT id,\n  UCASE(note), UPER(note) FROM orders;`,
    ["4:16 Can't find any functions with the name 'UPER'"],
  ],
  [
    'an argument of the wrong type',
    `${ORDERS}\nCREATE STREAM s AS SELECT id, UCASE(price) AS u FROM orders;`,
    ["3:31 Function 'UCASE' does not accept parameters (DOUBLE)."],
  ],
  [
    'a condition that is none',
    `${ORDERS}\nCREATE STREAM s AS SELECT * FROM orders WHERE price;`,
    ['3:1 Type error in WHERE expression: Should evaluate to boolean but is PRICE (DOUBLE) instead.'],
  ],
  ['an unknown source', 'CREATE STREAM s AS SELECT * FROM nowhere;', ['1:34 NOWHERE does not exist.']],
  [
    'a column that the declared schema lacks',
    `${INFERRED}\nCREATE STREAM s AS SELECT note FROM inferred;`,
    ["2:27 SELECT column 'NOTE' cannot be resolved."],
  ],
  [
    'a result that does not fit its stream',
    `${ORDERS}\n${INFERRED}\nINSERT INTO orders SELECT id, price FROM inferred;`,
    ['4:1 Incompatible schema between results and sink.'],
  ],
  [
    'a value of the wrong type',
    `${ORDERS}\nINSERT INTO orders (id, price) VALUES (1, TRUE);`,
    ["3:1 Failed to insert values into 'ORDERS'. Expected type DOUBLE for field `PRICE` but got BOOLEAN(true)"],
  ],
  ['an unknown type', `CREATE TYPE point AS STRUCT<x NUMBER>;`, ['1:1 Cannot resolve unknown type: NUMBER']],
  [
    'a WITH property that does not exist',
    "CREATE STREAM s (a INT) WITH (KAFKA_TOPIC = 't', FORMATS = 'JSON');",
    ['1:1 Invalid config variable(s) in the WITH clause: FORMATS'],
  ],
])('names %s', async (_, script, expected) => {
  expect(await faults(script)).toEqual(expected);
});

it('names each fault once: what follows from it is none', async () => {
  const script = `${ORDERS}\nCREATE STREAM a AS SELECT id, nothing FROM orders;\nCREATE STREAM b AS SELECT anything FROM a;`;
  expect(await faults(script)).toEqual(["3:31 SELECT column 'NOTHING' cannot be resolved."]);
});

it.each([
  ['columns that only the server knows', `${FOREIGN}\nCREATE STREAM s AS SELECT anything FROM foreign_rows;`],
  [
    'what is made of them',
    `${FOREIGN}\nCREATE STREAM s AS SELECT a FROM foreign_rows;\nCREATE STREAM t AS SELECT b FROM s;`,
  ],
  [
    'a join with them',
    `${ORDERS}\n${FOREIGN}\nCREATE STREAM s AS SELECT a FROM orders o JOIN foreign_rows f WITHIN 1 DAY ON o.id = f.b;`,
  ],
  ['text from variables', `${ORDERS}\nDEFINE name = 'price';\nCREATE STREAM s AS SELECT id, \${name} FROM orders;`],
  [
    'a stream made anew',
    `${FOREIGN}\nDROP STREAM foreign_rows;\n${ORDERS.replace('orders (', 'foreign_rows (')}\nCREATE STREAM s AS SELECT price, id FROM foreign_rows;`,
  ],
  [
    'columns added later',
    `${ORDERS}\nALTER STREAM orders ADD COLUMN more INT;\nCREATE STREAM s AS SELECT id, more FROM orders;`,
  ],
])('says nothing against %s', async (_, script) => {
  expect(await faults(script)).toEqual([]);
});

it('knows functions even where it knows no columns', async () => {
  expect(await faults(`${FOREIGN}\nCREATE STREAM s AS SELECT UPER(a) FROM foreign_rows;`)).toEqual([
    "2:27 Can't find any functions with the name 'UPER'",
  ]);
});
