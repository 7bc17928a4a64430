import { expect, it } from 'vitest';
import type { DocumentsClient, FieldValue } from '../../src/clients/documents/contract.js';
import { openDocuments } from '../../src/clients/documents/open.js';
import { connectPostgres } from '../../src/clients/postgres/client.js';
import { compareKeys, compareSides } from '../../src/consistency/compare.js';
import { describeDifferences } from '../../src/consistency/describe.js';
import { documentsSide } from '../../src/consistency/documents-side.js';
import { renderForField } from '../../src/consistency/rendering.js';
import type { Finding } from '../../src/consistency/report.js';
import { readTableFacts } from '../../src/consistency/table-facts.js';
import { tableSide } from '../../src/consistency/table-side.js';
import type { DocumentStore, Stored } from '../../src/kit/document-store.js';
import { openDocumentStore } from '../../src/kit/documents.js';
import { Lifetime } from '../../src/support/lifetime.js';
import { silentLog } from '../../src/support/log.js';
import { readerOf } from '../support/compared-tables.js';

const signal = new AbortController().signal;
let collections = 0;

interface Thing extends Stored {
  readonly [field: string]: unknown;
}

/** What a document store has to do, whatever it is kept in; `urls` are known once the tests run. */
export function documentStoreBehaviour(urls: { store(): string; postgres(): string }): void {
  /** A store twice, as two services open it, a reader, and a collection that nobody else has. */
  async function using(
    work: (at: { name: string; store: DocumentStore; other: DocumentStore; client: DocumentsClient }) => Promise<void>,
  ): Promise<void> {
    const lifetime = new Lifetime();
    collections += 1;
    try {
      const [store, other] = await Promise.all(
        ['a', 'b'].map(async (name) => {
          const opened = await openDocumentStore(urls.store(), name, silentLog);
          lifetime.onEnd(() => opened.close());
          return opened;
        }),
      );
      const client = await openDocuments({ url: urls.store(), signal });
      lifetime.onEnd(() => client.close());
      if (store === undefined || other === undefined) throw new Error('two were opened');
      await work({ name: `Things ${collections}`, store, other, client });
    } finally {
      await lifetime.end();
    }
  }

  it('keeps one document an id: a change that comes twice is applied once, an older one not at all', () =>
    using(async ({ name, store }) => {
      const things = await store.collection<Thing>(name);
      const first = { id: 'a', version: 1, name: 'Ada', nested: { list: [1, null, 'x'] } };
      expect(await things.put(first)).toBe(true);
      expect(await things.put(first)).toBe(false);
      const second = { id: 'a', version: 3, name: "O'Hara \u{1F600}" };
      expect(await things.put(second)).toBe(true);
      expect(await things.put({ ...first, version: 2 })).toBe(false);
      expect(await things.find('a')).toEqual(second);
      expect(await things.find('b')).toBeUndefined();
      expect((await things.list({}, 1, 10)).total).toBe(1);
    }));

  it('keeps the newest where several writers are at it at the same time, and makes no duplicate', () =>
    using(async ({ name, store, other }) => {
      const both = await Promise.all([store, other].map((one) => one.collection<Thing>(name)));
      const versions = Array.from({ length: 20 }, (_, index) => index + 1);
      await Promise.all(
        versions.flatMap((version) => both.map((things, writer) => things.put({ id: 'a', version, writer }))),
      );
      const { items, total } = (await both[0]?.list({}, 1, 10)) ?? { items: [], total: 0 };
      expect([total, items[0]?.version]).toEqual([1, 20]);
    }));

  it('lists by fields, page by page, in order of the ids', () =>
    using(async ({ name, store }) => {
      const things = await store.collection<Thing>(name);
      for (const id of ['c', 'a', 'd', 'b']) await things.put({ id, version: 1, deleted: id === 'd' });
      const page = await things.list({ deleted: false }, 2, 2);
      expect([page.items.map(({ id }) => id), page.total]).toEqual([['c'], 3]);
      await store.ping();
    }));

  it('tells a field that is missing from one that is null, and reads nested ones', () =>
    using(async ({ name, store, client }) => {
      const things = await store.collection<Thing>(name);
      await things.put({
        id: 'a',
        version: 1,
        none: null,
        after: { name: 'Ada', age: 1.5, all: { b: [1, 'x'], a: true } },
      });
      const paths = ['none', 'gone', 'after.name', 'after.age', 'after.gone', 'after.all', 'id.deeper'];
      const found: FieldValue[] = [];
      const query = { collection: name, paths, where: { 'after.name': 'Ada', none: null } };
      for await (const block of client.stream(query, signal)) found.push(...block.flatMap(({ values }) => values));
      expect(found).toEqual([
        { kind: 'null' },
        { kind: 'missing' },
        { kind: 'text', text: 'Ada' },
        { kind: 'number', text: '1.5' },
        { kind: 'missing' },
        { kind: 'json', text: '{"a": true, "b": [1, "x"]}' },
        { kind: 'missing' },
      ]);
      const others = { ...query, where: { gone: null } };
      for await (const block of client.stream(others, signal)) expect(block).toEqual([]);
      expect(await client.find({ ...query, collection: 'never written' }, [])).toEqual([]);
      expect(await client.version()).toMatch(/^(PostgreSQL|MongoDB) \d/);
    }));

  it('agrees with a table whose values it has as JSON has them, and names what differs, is missing or too much', () =>
    using(async ({ name, store, client }) => {
      const things = await store.collection<Thing>(name);
      const table = await connectPostgres({ url: urls.postgres() });
      try {
        await table.execute(`DROP TABLE IF EXISTS thing; CREATE TABLE thing (
          id uuid, i int, n numeric(10,2), big bigint, d double precision, t text, b boolean, day date, at timestamptz, l int[], j jsonb)`);
        const rows = Array.from({ length: 8 }, (_, index) => ({
          id: `00000000-0000-4000-8000-00000000000${index}`,
          version: 1,
          i: index,
          n: index + 0.5,
          big: '9007199254740993',
          d: 0.1 + 0.2,
          t: index === 0 ? null : `<null> ${index}`,
          b: index % 2 === 0,
          day: '2026-01-31',
          at: '2026-01-31T23:00:00.123+02:00',
          l: [1, index],
          j: { long: 1.5, a: 'x' },
        }));
        for (const row of rows) {
          await things.put({ ...row, id: row.id.toUpperCase() });
          await table.query('INSERT INTO thing SELECT * FROM jsonb_populate_record(null::thing, $1::jsonb)', [
            JSON.stringify(row),
          ]);
        }
        const reader = readerOf(urls.postgres());
        const tablePlace = { database: 'd', table: 'thing' };
        const facts = await readTableFacts(reader, tablePlace, signal);
        const columns = [...facts.columns].map(([column, type]) => ({ name: column, type }));
        const ofTable = columns.map(({ name: column, type }) => {
          const text = (x: string): string => renderForField(x, type.shown);
          return { name: column, expression: `t.${column}`, type, form: { text, binary: text } };
        });
        const ofDocuments = columns.map(({ name: column, type }) => ({
          name: column,
          path: column,
          otherType: type.shown,
        }));
        const source = tableSide(reader, {
          place: tablePlace,
          facts,
          key: ofTable.slice(0, 1),
          compared: ofTable.slice(1),
          hash: 'md5',
        });
        const place = { label: `s.${name}`, collection: name, where: {}, notWritable: 'it holds documents' };
        const replica = documentsSide(client, place, ofDocuments.slice(0, 1), ofDocuments.slice(1));
        const reading = { signal, expect: () => {}, read: async () => {} };
        const agreeing = await compareSides(source, replica, reading);
        expect(agreeing).toMatchObject({ sourceRows: 8, replicaRows: 8 });
        expect([...agreeing.differences.keys()]).toEqual([]);

        const [first, second, third] = rows;
        if (first === undefined || second === undefined || third === undefined) throw new Error('there are eight');
        await things.put({ ...first, id: first.id.toUpperCase(), version: 2, t: '', i: '0' });
        const { t: _, ...without } = second;
        await things.put({ ...without, id: second.id.toUpperCase(), version: 2, at: '2026-01-31T21:00:00.124Z' });
        await table.query('DELETE FROM thing WHERE id = $1', [third.id]);
        await table.query("INSERT INTO thing (id) VALUES ('10000000-0000-4000-8000-000000000000')");
        const { differences } = await compareSides(source, replica, reading);
        const again = await compareKeys(source, replica, [...differences.keys()], signal);
        for (const found of [differences, again.differences]) {
          const findings: Finding[] = [];
          const sides = { source, replica, tolerances: new Map<string, string>() };
          for await (const { finding } of describeDifferences(sides, [...found.keys()], signal)) findings.push(finding);
          findings.sort((a, b) => String(a.key).localeCompare(String(b.key)));
          expect(findings).toEqual([
            {
              kind: 'different',
              key: [first.id],
              columns: [
                { column: 'i', source: '0', replica: '"0" (a text, no integer)' },
                { column: 't', source: null, replica: '' },
              ],
            },
            {
              kind: 'different',
              key: [second.id],
              columns: [
                { column: 't', source: '<null> 1', replica: '(no such field)' },
                { column: 'at', source: '2026-01-31T21:00:00.123000', replica: '2026-01-31T21:00:00.124000' },
              ],
            },
            { kind: 'extra', key: [third.id], columns: [] },
            { kind: 'missing', key: ['10000000-0000-4000-8000-000000000000'], columns: [] },
          ]);
        }
        await reader.close();
      } finally {
        await table.close();
      }
    }));
}
