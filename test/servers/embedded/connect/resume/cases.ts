/** A connector that goes on from an offset as Debezium stores it, of which both workers make the same. */
export interface ResumeCase {
  /** Statements one after the other, each its own transaction; rows of `item` are told as `c 1`. */
  readonly changes: readonly string[];
  /** The event that the stored offset came with, by its place among all that the slot tells: BEGIN, changes, messages, COMMIT. */
  readonly toldUntil: number;
  /** No commit had been seen, as in the first transaction after a snapshot. */
  readonly withoutCommit?: true;
  /** As our worker stores it where more may follow at the place of the event. */
  readonly unfinished?: true;
  readonly options?: Readonly<Record<string, string>>;
  /** What is told after it. */
  readonly tells: readonly string[];
  /** Where Debezium loses a change, and we do not. */
  readonly debeziumTells?: readonly string[];
}

const transaction = (...statements: string[]): string => ['BEGIN', ...statements, 'COMMIT'].join('; ');
const insert = (id: number): string => `INSERT INTO item VALUES (${id}, 'a')`;

/** Events 0 to 2 are the transaction of this row, so that the next one begins with event 3. */
const EARLIER = insert(100);

export const RESUME_CASES: Readonly<Record<string, ResumeCase>> = {
  'an insert': {
    changes: [EARLIER, transaction(insert(1), insert(2), insert(3))],
    toldUntil: 5,
    tells: ['c 3'],
  },
  'the first insert of a transaction': {
    changes: [EARLIER, transaction(insert(1), insert(2))],
    toldUntil: 4,
    tells: ['c 2'],
  },
  'the last insert of a transaction': {
    changes: [EARLIER, transaction(insert(1), insert(2)), insert(3)],
    toldUntil: 5,
    tells: ['c 3'],
  },
  'a deletion with its tombstone': {
    changes: [EARLIER, transaction(insert(1), 'DELETE FROM item WHERE id = 100', insert(2))],
    toldUntil: 5,
    tells: ['c 2'],
  },
  'a deletion, the last of its transaction': {
    changes: [EARLIER, 'DELETE FROM item WHERE id = 100'],
    toldUntil: 4,
    tells: [],
  },
  'a changed key': {
    changes: [EARLIER, transaction('UPDATE item SET id = 101 WHERE id = 100', insert(1))],
    toldUntil: 4,
    tells: ['c 1'],
  },
  'an update of a table with REPLICA IDENTITY FULL': {
    changes: [
      EARLIER,
      transaction("INSERT INTO whole VALUES (1, 'a')", "UPDATE whole SET note = 'b'", "UPDATE whole SET note = 'c'"),
    ],
    toldUntil: 5,
    tells: ['u 1'],
  },
  'a row of a COPY, whose rows have one place': {
    changes: [EARLIER, transaction(insert(1), "COPY item (id) FROM PROGRAM 'seq 2 4'", insert(5))],
    toldUntil: 5,
    tells: ['c 5'],
  },
  'the last row of a COPY': {
    changes: [EARLIER, "COPY item (id) FROM PROGRAM 'seq 2 4'", insert(5)],
    toldUntil: 6,
    tells: ['c 5'],
  },
  'a truncation': {
    changes: [EARLIER, transaction(insert(1), 'TRUNCATE item', insert(2))],
    toldUntil: 5,
    options: { 'skipped.operations': 'none' },
    tells: ['c 2'],
  },
  'a message of a transaction, which Debezium tells again': {
    changes: [EARLIER, transaction(insert(1), "SELECT pg_logical_emit_message(true, 'm', 'x')", insert(2))],
    toldUntil: 5,
    tells: ['m x', 'c 2'],
  },
  'a message, the first of its transaction': {
    changes: [EARLIER, transaction("SELECT pg_logical_emit_message(true, 'm', 'x')", insert(2))],
    toldUntil: 4,
    tells: ['m x', 'c 2'],
  },
  'a message outside of transactions': {
    changes: [EARLIER, "SELECT pg_logical_emit_message(false, 'm', 'x')", insert(2)],
    toldUntil: 3,
    tells: ['c 2'],
    debeziumTells: [], // the next transaction begins where the message ends
  },
  'a commit': {
    changes: [EARLIER, insert(1), insert(2)],
    toldUntil: 2,
    tells: ['c 1', 'c 2'],
  },
  'a change within a savepoint': {
    changes: [EARLIER, transaction(insert(1), 'SAVEPOINT one', insert(2), 'RELEASE one', insert(3))],
    toldUntil: 5,
    tells: ['c 3'],
  },
  'an insert before any commit was seen': {
    changes: [transaction(insert(1), insert(2), insert(3))],
    toldUntil: 2,
    withoutCommit: true,
    tells: ['c 3'],
  },
  'an insert where transactions are told': {
    changes: [EARLIER, transaction(insert(1), insert(2), insert(3))],
    toldUntil: 5,
    options: { 'provide.transaction.metadata': 'true' },
    tells: ['BEGIN', 'c 3', 'END 1', 'BEGIN'],
  },
  'the begin of a transaction where transactions are told': {
    changes: [EARLIER, transaction(insert(1), insert(2))],
    toldUntil: 3,
    options: { 'provide.transaction.metadata': 'true' },
    tells: ['BEGIN', 'c 1', 'c 2', 'END 2', 'BEGIN'],
  },
  'the first insert of a transaction, unfinished': {
    changes: [EARLIER, transaction(insert(1), insert(2))],
    toldUntil: 4,
    unfinished: true,
    tells: ['c 1', 'c 2'],
  },
  'a row of a COPY, unfinished': {
    changes: [EARLIER, transaction(insert(1), "COPY item (id) FROM PROGRAM 'seq 2 4'", insert(5))],
    toldUntil: 6,
    unfinished: true,
    tells: ['c 2', 'c 3', 'c 4', 'c 5'],
  },
};
