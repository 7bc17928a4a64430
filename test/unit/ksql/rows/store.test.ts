import { describe, expect, it } from 'vitest';
import { Store, type StoreEntry, type StoreSpec } from '../../../../src/ksql/rows/store.js';
import type { Value } from '../../../../src/ksql/values/value.js';
import { Decimal } from '../../../../src/protocol/decimal.js';
import type { SqlType } from '../../../../src/protocol/ksql/types.js';
import { seeded } from '../../../support/seeded.js';
import { type Change, restored } from './restored.js';

const SEED = Number(process.env.EVPIPE_SEED ?? 31);
const STRING: SqlType = { kind: 'STRING' };
const state: SqlType = { kind: 'STRUCT', fields: [{ name: 'A', type: STRING }] };

const sorted = (store: Store): ReadonlyArray<[string, StoreEntry]> =>
  [...store.all()].sort(([one], [other]) => (one < other ? -1 : 1));

const texts = ['', 'plain', 'a "quote"', 'back\\slash', 'größer', '🙂', 'null', '{"K0":1}}', ' 1 2 x'];

/** Keys of many forms: text that JSON escapes, numbers, several columns, windows. */
const KEYS: Readonly<
  Record<string, readonly [types: readonly SqlType[], of: (at: number) => readonly Value[], windowed: boolean]>
> = {
  text: [[STRING], (at) => [`${texts[at % texts.length]}${at % 100}`], false],
  bigint: [[{ kind: 'BIGINT' }], (at) => [BigInt(at % 100) * 10n ** 15n - 5n], false],
  double: [[{ kind: 'DOUBLE' }], (at) => [(at % 100) / 7], false],
  decimal: [[{ kind: 'DECIMAL', precision: 10, scale: 2 }], (at) => [Decimal.parse(`${at % 100}.50`) ?? null], false],
  'several columns': [[STRING, { kind: 'INTEGER' }], (at) => [at % 3 === 0 ? null : `k${at % 60}`, at % 5], false],
  windows: [[STRING], (at) => [`${texts[at % texts.length]}${at % 40}`], true],
};

describe('a store', () => {
  it.each(Object.entries(KEYS))(
    `is restored from its changelog as it was, with keys of %s (seed ${SEED})`,
    (name, [types, keyOf, windowed]) => {
      const random = seeded(SEED);
      const spec: StoreSpec = { name: `a "${name}"`, key: types, state };
      const changes: Change[] = [];
      const original = new Store(spec);
      original.logTo((...change) => changes.push(change));
      const change = (stores: readonly Store[], count: number) => {
        for (let left = count; left > 0; left -= 1) {
          const key = keyOf(Math.floor(random() * 1_000));
          const startMs = Math.floor(random() * 10) * 1000;
          const window = windowed ? { startMs, endMs: startMs + 1000 } : undefined;
          const identity = Store.identity(key, window);
          const isDeletion = random() < 0.2;
          const value: Value = ['x'.repeat(random() * 200)];
          for (const store of stores) {
            if (isDeletion) store.delete(identity);
            else store.put(identity, { key, window, state: value, timestampMs: left });
          }
        }
      };
      change([original], 1_500);
      const store = restored(spec, changes);
      expect(store.size).toBe(original.size);
      expect(sorted(store)).toEqual(sorted(original));

      const places = [...store.places()].sort((one, other) => (one.identity < other.identity ? -1 : 1));
      expect(places).toEqual(sorted(original).map(([identity, { state: _, ...place }]) => ({ identity, ...place })));

      // Whether an entry has been asked for since or not, it is one and the same.
      for (const [identity, entry] of original.all()) if (random() < 0.3) expect(store.get(identity)).toEqual(entry);
      change([original, store], 200);
      expect(store.size).toBe(original.size);
      expect(sorted(store)).toEqual(sorted(original));
      const everywhere = [{ from: [], to: [] }];
      expect([...store.between(everywhere)]).toEqual([...original.between(everywhere)]);
      for (const [identity, entry] of original.all()) expect(store.get(identity)).toEqual(entry);
      expect(store.get('nobody')).toBeUndefined();
    },
  );

  it('has maps with keys of their types, when it is restored, too', () => {
    const keys: ReadonlyArray<readonly [SqlType, Value]> = [
      [STRING, '1'],
      [{ kind: 'INTEGER' }, 1],
      [{ kind: 'BIGINT' }, 1n],
      [{ kind: 'DOUBLE' }, 1.5],
      [{ kind: 'BOOLEAN' }, true],
    ];
    const fields = keys.map(([key], at) => ({ name: `M${at}`, type: { kind: 'MAP', key, value: STRING } as const }));
    const spec: StoreSpec = { name: 'S', key: [STRING], state: { kind: 'STRUCT', fields } };
    const changes: Change[] = [];
    const original = new Store(spec);
    original.logTo((...change) => changes.push(change));
    const entry = {
      key: ['k'],
      window: undefined,
      state: keys.map(([, key]) => new Map([[key, 'v']])),
      timestampMs: 0,
    };
    original.put('k', entry);
    expect(restored(spec, changes).get('k')).toEqual(entry);
  });

  it('holds the last change of each entry, also where what came before fills memory that it gives back', () => {
    const changes: Change[] = [];
    const spec: StoreSpec = { name: 'S', key: [STRING], state };
    const original = new Store(spec);
    original.logTo((...change) => changes.push(change));
    for (let at = 0; at < 12_000; at += 1) {
      const key = [`k${at % 50}`];
      original.put(Store.identity(key), {
        key,
        window: undefined,
        state: [`${at} ${'y'.repeat(2_000)}`],
        timestampMs: at,
      });
    }
    expect(sorted(restored(spec, changes))).toEqual(sorted(original));
  });

  it('holds what a map would of more entries than it makes objects of', () => {
    const changes: Change[] = [];
    const spec: StoreSpec = { name: 'S', key: [STRING], state };
    const store = new Store(spec);
    store.logTo((...change) => changes.push(change));
    const model = new Map<string, StoreEntry>();
    const random = seeded(SEED);
    for (let at = 0; at < 60_000; at += 1) {
      const key = [`k${at < 40_000 ? at : Math.floor(random() * 40_000)}`];
      const identity = Store.identity(key);
      if (at % 7 === 0) expect(store.get(identity)).toEqual(model.get(identity));
      if (at % 11 === 0) {
        store.delete(identity);
        model.delete(identity);
        continue;
      }
      const entry = { key, window: undefined, state: [`"${at}"`], timestampMs: at };
      store.put(identity, entry);
      model.set(identity, entry);
    }
    const expected = [...model].sort(([one], [other]) => (one < other ? -1 : 1));
    expect(sorted(store)).toEqual(expected);
    expect(store.size).toBe(model.size);
    expect(sorted(restored(spec, changes))).toEqual(expected);
  });

  it('leaves the records of other stores alone', () => {
    const spec = { key: [STRING], state };
    const changes: Change[] = [];
    for (const name of ['Left', 'LeftOuter']) {
      const store = new Store({ ...spec, name });
      store.logTo((...change) => changes.push(change));
      store.put('k', { key: ['k'], window: undefined, state: [name], timestampMs: 1 });
    }
    expect([...restored({ ...spec, name: 'Left' }, changes).values()].map((entry) => entry.state)).toEqual([['Left']]);
  });
});
