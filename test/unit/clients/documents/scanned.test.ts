import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { DocumentQuery, Lookup } from '../../../../src/clients/documents/contract.js';
import { fieldValueOf, textOf } from '../../../../src/clients/documents/field-value.js';
import { fileDocuments } from '../../../../src/clients/documents/file.js';
import { scannedDocuments } from '../../../../src/clients/documents/scanned.js';

const query: DocumentQuery = { collection: 'all', paths: ['id', 'name'], where: {} };
const ids = (...texts: readonly string[]): readonly Lookup[] => [{ path: 'id', kind: 'text', texts }];

/** A place of three documents that counts how often it was read. */
function counting(stampOf?: () => Promise<string | undefined>) {
  const place = { reads: 0, name: 'Ada' };
  const client = scannedDocuments(
    { version: 'test', versioned: true, ...(stampOf === undefined ? {} : { stampOf }) },
    async function* () {
      place.reads += 1;
      for (const id of ['a', 'b', 'c']) yield { mark: '', at: (path) => fieldValueOf(path === 'id' ? id : place.name) };
    },
  );
  const find = async (of: DocumentQuery, lookups: readonly Lookup[]): Promise<readonly string[]> =>
    (await client.find(of, lookups)).map(({ values }) => values.map(textOf).join(' '));
  return { place, find };
}

it('answers a look-up of some of the keys that were looked up before without reading all again', async () => {
  const { place, find } = counting(async () => 'unchanged');
  expect(await find(query, ids('a', 'c', 'z'))).toEqual(['a Ada', 'c Ada']);
  expect(await find(query, ids('C', 'z'))).toEqual(['c Ada']);
  expect(place.reads, 'a text that was not looked up, if only in other letters').toBe(2);
  expect(await find(query, ids('a', 'c', 'z'))).toEqual(['a Ada', 'c Ada']);
  expect(await find(query, ids('c', 'z'))).toEqual(['c Ada']);
  expect(await find(query, ids('a'))).toEqual(['a Ada']);
  expect(place.reads).toBe(3);
  expect(await find({ ...query, paths: ['id'] }, ids('a')), 'other fields').toEqual(['a']);
  expect(await find(query, [...ids('a'), { path: 'name', kind: 'text', texts: ['Ada'] }])).toEqual(['a Ada']);
  expect(place.reads).toBe(5);
});

it('reads all again where it was written since, or where nothing tells', async () => {
  let stamp: string | undefined = 'first';
  const { place, find } = counting(async () => stamp);
  expect(await find(query, ids('a'))).toEqual(['a Ada']);
  [place.name, stamp] = ['Ben', 'second'];
  expect(await find(query, ids('a'))).toEqual(['a Ben']);
  stamp = undefined;
  await find(query, ids('a'));
  await find(query, ids('a'));
  expect(place.reads).toBe(4);
  const unstamped = counting();
  await unstamped.find(query, ids('a'));
  await unstamped.find(query, ids('a'));
  expect(unstamped.place.reads).toBe(2);
});

it('sees what was written to a file between two look-ups, also where its size and time are the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'evpipe-scanned-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'all.csv');
  const then = new Date('2026-01-01');
  const write = (name: string): void => {
    writeFileSync(file, `id,name\na,${name}\n`);
    utimesSync(file, then, then);
  };
  const client = fileDocuments('csv', 'all.csv');
  const nameOf = async (): Promise<string | undefined> => {
    const [found] = await client.find({ ...query, collection: file }, ids('a'));
    return textOf(found?.values[1]);
  };
  write('Ada');
  expect([await nameOf(), await nameOf()]).toEqual(['Ada', 'Ada']);
  rmSync(file);
  write('Ben');
  expect(await nameOf()).toBe('Ben');
  writeFileSync(file, 'id,name\na,Cyd\n');
  expect(await nameOf()).toBe('Cyd');
  writeFileSync(file, 'id,name\na,Dee\n');
  expect(await nameOf()).toBe('Dee');
});
