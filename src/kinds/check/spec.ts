import * as z from 'zod';
import { duration, mapping, text, texts } from '../../pipeline/spec-words.js';

const counted = (what: string) =>
  mapping({
    database: text.describe('Where'),
    count: text.describe('A query that returns one number').meta({ examples: ['select count(*) from outbox'] }),
  })
    .optional()
    .describe(what);

/** `conservation:` of a check. */
const conservation = mapping({
  queue: text.describe('What is published to it is acknowledged'),
  published: counted('How many messages should be published: all rows of the outbox, sent or not'),
  effects: counted('How many of them have had their effect'),
});

const fieldValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const condition = (what: string, example: string) =>
  z
    .union([text, z.record(z.string(), fieldValue)], {
      error: 'must be SQL, or where there are no columns a mapping of field path to value',
    })
    .optional()
    .describe(`${what}: SQL; for documents, topics, ksqlDB and files a mapping of field path to value`)
    .meta({ examples: [example, { deleted: false }] });

const placeOptions = {
  database: text.optional().describe('Which database'),
  table: text.optional().describe('Which table or view; in schema public unless it names one'),
  query: text
    .optional()
    .describe('Instead of a table: a query, of which its rows are compared')
    .meta({ examples: ['select person_id, count(*) as sheets from accounting_balancesheet group by person_id'] }),
  tables: texts.optional().describe('The tables that the query reads: data flows from or to each of them'),
  store: text.optional().describe('Instead of a database: which store of documents'),
  collection: text.optional().describe('Which collection of it; columns are then field paths: after.name'),
  topic: text
    .optional()
    .describe('Instead of both: which topic; the latest value of each key counts, and the field key is its key'),
  ksqldb: text.optional().describe('Instead: which stream or table of ksqlDB; a pull query reads it'),
  file: text
    .optional()
    .describe('Instead: which CSV (.csv) or JSON Lines (.jsonl) file; it has no fence, so through must be []'),
  where: condition('Which rows count', 'not deleted'),
  deleted: condition('Which rows count as deleted, though they are still there', 'deleted_at is not null'),
};
const place = mapping(placeOptions);
const source = mapping({
  ...placeOptions,
  with: z
    .record(z.string(), fieldValue)
    .optional()
    .describe('Columns that each row has besides: what tells several sources apart in one replica')
    .meta({ examples: [{ region: 'eu' }] }),
});
/** One source, or a list of them: the error is that of the form which is there. */
const sources = z
  .union([z.array(source).min(1, { error: 'must name at least one source' }), source])
  .optional()
  .describe('Compare: what is right; a list: sources that together are the replica');
const column = z.union(
  [
    text,
    mapping({
      from: text.optional().describe('The source column or SQL expression; absent: the same name'),
      replica: text.optional().describe('What to compare it with: SQL over the replica; absent: its column'),
      compare: z
        .enum(['semantic', 'strict'], { error: 'must be semantic or strict' })
        .optional()
        .describe('strict: the same type and bytes'),
      lossy: z
        .boolean()
        .optional()
        .describe('Compare as the narrower type stores it, where that cannot hold every value of the other'),
      tolerance: z.number().positive().optional().describe('Numbers that differ by no more are equal'),
      trim: z.boolean().optional().describe('Ignore leading and trailing blanks'),
      case: z
        .enum(['ignore'], { error: 'must be ignore' })
        .optional()
        .describe('ignore: upper and lower case are equal'),
      precision: z.enum(['ms'], { error: 'must be ms' }).optional().describe('ms: times are cut to milliseconds'),
    }),
  ],
  {
    error:
      'must be a source column, an SQL expression, or a mapping: from, replica, compare, lossy, tolerance, trim, case, precision',
  },
);
const columns = z.union([texts, z.record(z.string(), column)], {
  error: 'must be a list of columns, or a mapping of replica column to source column or SQL expression',
});
const status = z.union([z.string(), z.number()], { error: 'a status is text or a number' });

export const check = mapping({
  source: sources,
  replica: place.optional().describe('Compare: what has to agree'),
  key: columns
    .optional()
    .describe('Compare: the columns that tell rows apart; absent: rows are compared by how many there are of each')
    .meta({ examples: [['id']] }),
  columns: columns.optional().describe('Compare: what to compare; absent: all columns that both have'),
  compare: z
    .enum(['semantic', 'strict'], { error: 'must be semantic or strict' })
    .default('semantic')
    .describe('Compare: semantic (default): the same value, whatever it is written as; strict: the same bytes'),
  changed: text
    .optional()
    .describe('Compare: the column that grows with every change of a row: a time or a version; --since compares by it')
    .meta({ examples: ['updated_at'] }),
  allowEmpty: z
    .boolean()
    .default(false)
    .describe('No row on either side, no key, nothing published: that is right; otherwise it proves nothing'),
  through: texts
    .optional()
    .describe(
      'Compare: connectors, queries, services on the way, where there are several; [] where nothing replicates',
    ),
  database: text.optional().describe('Rows: where the query runs'),
  rows: text.optional().describe('A query that must find no row, or at least one'),
  expect: z
    .enum(['none', 'some'], { error: 'must be none or some' })
    .optional()
    .describe('Rows: what the query must find; default none'),
  stages: mapping({
    topic: text.describe('Where statuses are reported'),
    key: text.optional().describe('key: the key of the record; else a field of the value'),
    field: text.describe('The field that holds the status'),
    transitions: z
      .array(z.tuple([status, status], { error: 'a transition is a list of two statuses: from and to' }))
      .describe('Which status may follow which')
      .meta({ examples: [[[100, 200]]] }),
    final: z.array(status).describe('Statuses that end'),
    order: z
      .enum(['arrival', 'time'], { error: 'must be arrival or time' })
      .default('arrival')
      .describe('time: by the timestamps of the records, where several writers report on one key'),
    once: z
      .boolean()
      .default(false)
      .describe('No key reaches a status at two different times; a record sent twice does not count'),
    reportedBy: z
      .record(z.string(), text)
      .default({})
      .describe('Status to the service that reports it: whom a stuck key waits for')
      .meta({ examples: [{ 200: 'assemble' }] }),
    keys: mapping({
      database: text.describe('Where'),
      table: text.describe('Which table'),
      column: text.describe('Which column'),
    })
      .optional()
      .describe('A table with the same keys, no more and no fewer'),
    view: z
      .union(
        [
          mapping({
            database: text.describe('Where'),
            table: text.describe('Which table'),
            key: text.describe('Its key column'),
            status: text.describe('Its status column'),
          }),
          mapping({
            ksqldb: text.describe('Which ksqlDB table, asked by a pull query'),
            key: text.describe('Its key column'),
            status: text.describe('Its status column'),
          }),
        ],
        { error: 'must have database or ksqldb: database, table, key, status; or ksqldb, key, status' },
      )
      .optional()
      .describe('A table with the last status of every key'),
    within: duration.describe('How long the way to a final status may take'),
  })
    .optional()
    .describe('Every key goes through legal statuses to a final one'),
  conservation: conservation.optional().describe('Published = acknowledged = effects'),
  within: duration.optional().describe('How long differences may take to settle'),
});

export type CheckSpec = z.output<typeof check>;
export type PlaceSpec = z.output<typeof source>;
