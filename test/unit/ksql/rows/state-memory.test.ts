import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateFile } from '../../../../src/embedded/ksqldb/runtime/state-file.js';
import { StateMemory } from '../../../../src/ksql/rows/state-memory.js';
import { Store, type StoreEntry, type StoreSpec } from '../../../../src/ksql/rows/store.js';
import type { SqlType } from '../../../../src/protocol/ksql/types.js';
import { seeded } from '../../../support/seeded.js';
import { type Change, restored } from './restored.js';

const SEED = Number(process.env.EVPIPE_SEED ?? 47);
const STRING: SqlType = { kind: 'STRING' };
const SPEC: StoreSpec = { name: 'S', key: [STRING], state: { kind: 'STRUCT', fields: [{ name: 'A', type: STRING }] } };
const BYTES_MAX = 100_000;

let folder: string;
let file: StateFile;
let memory: StateMemory;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-state-'));
  file = new StateFile(folder);
  memory = new StateMemory(BYTES_MAX, file);
});

afterEach(() => {
  file.close();
  rmSync(folder, { recursive: true });
});

/** Files of that folder that this process has open. */
const openFiles = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return []; // it was that of the folder that was read
    }
  });

const entryOf = (key: string, window: StoreEntry['window'], text: string): StoreEntry => ({
  key: [key],
  window,
  state: [text],
  timestampMs: text.length,
});

/** Changes a store and a map in the same way, and asks both now and then. Gives what they did not agree on. */
function compare(store: Store, model: Map<string, StoreEntry>, changes: number, random: () => number): string[] {
  const different: string[] = [];
  for (let at = 0; at < changes; at += 1) {
    const key = `k${Math.floor(random() ** 2 * 900)}`;
    const startMs = Math.floor(random() * 3) * 1000;
    const window = { startMs, endMs: startMs + 1000 };
    const identity = Store.identity([key], window);
    const what = random();
    if (what < 0.15) {
      store.delete(identity);
      model.delete(identity);
    } else if (what < 0.5) {
      if (store.get(identity)?.state?.toString() !== model.get(identity)?.state?.toString()) different.push(identity);
    } else {
      const isLarge = random() < 0.002;
      const entry = entryOf(key, window, `${at} ${'ö'.repeat(random() * (isLarge ? 100_000 : 600))}`);
      store.put(identity, entry);
      model.set(identity, entry);
    }
  }
  return different;
}

const sorted = (entries: Iterable<readonly [string, StoreEntry]>) =>
  [...entries].sort(([one], [other]) => (one < other ? -1 : 1));

describe('stores that share a memory', () => {
  it(`hold what a map would, however little of it has room (seed ${SEED})`, () => {
    const random = seeded(SEED);
    const model = new Map<string, StoreEntry>();
    const changes: Change[] = [];
    const store = new Store(SPEC, memory);
    store.logTo((...change) => changes.push(change));
    for (let round = 0; round < 3; round += 1) {
      expect(compare(store, model, 4_000, random)).toEqual([]);
      expect(store.size).toBe(model.size);
      expect(sorted(store.all())).toEqual(sorted(model));
      expect([...store.values()].length).toBe(model.size);
    }
    const ranges = [
      { from: ['k1'], to: ['k2'] },
      { from: ['k15'], to: ['k3'] },
    ];
    const inRanges = [...model.values()].filter(({ key: [key] }) => String(key) >= 'k1' && String(key) <= 'k3');
    expect([...store.between(ranges)].length).toBe(inRanges.length);
    expect(store.memoryBytes).toBeLessThan(3 * BYTES_MAX);

    const again = restored(SPEC, changes, memory);
    store.close();
    expect(sorted(again.all())).toEqual(sorted(model));
    expect(compare(again, model, 4_000, random)).toEqual([]);
    expect(sorted(again.all())).toEqual(sorted(model));
    again.close();
  });

  it('move to the file what there is no room for, and give its place back', () => {
    const stores = ['A', 'B'].map((name) => new Store({ ...SPEC, name }, memory));
    const put = (store: Store, at: number) => store.put(`k${at}`, entryOf(`k${at}`, undefined, 'x'.repeat(1_000)));
    for (const store of stores) {
      store.logTo(() => {});
      for (let at = 0; at < 5_000; at += 1) put(store, at);
    }
    const total = stores.reduce((sum, store) => sum + store.memoryBytes, 0);
    expect(total).toBeLessThan(BYTES_MAX + 2 * 64 * 1024);
    expect(file.bytes).toBeGreaterThan(9_000_000);
    const { bytes } = file;
    stores[0]?.close();
    const [, other] = stores;
    if (other === undefined) throw new Error('there are two');
    for (let at = 5_000; at < 9_000; at += 1) put(other, at);
    expect(file.bytes).toBe(bytes);
    for (let at = 0; at < 9_000; at += 1) expect(other.get(`k${at}`)?.key).toEqual([`k${at}`]);
  });

  it('do not let the file grow without end where the same entries change again and again', () => {
    const store = new Store(SPEC, memory);
    store.logTo(() => {});
    for (let at = 0; at < 60_000; at += 1) {
      const key = `k${(at * 7919) % 3_000}`;
      store.put(key, entryOf(key, undefined, `${at} ${'y'.repeat(1_500)}`));
    }
    expect(store.size).toBe(3_000);
    const last = [...store.values()].map(({ state }) => Number(String(state).split(' ')[0]));
    expect(Math.min(...last)).toBe(57_000);
    expect(file.bytes).toBeLessThan(3_000 * 1_600 * 2 + 20_000_000);
  });

  it('give up what finds ranges of keys where there is no room for it, and make it again', () => {
    const store = new Store(SPEC, memory);
    store.logTo(() => {});
    for (let at = 0; at < 5_000; at += 1) store.put(`k${at}`, entryOf(`k${at}`, undefined, 'z'));
    for (const expected of [1_000, 1_001]) {
      expect([...store.between([{ from: ['k1'], to: ['k1zzz'] }])].filter(({ key }) => key[0] !== 'k1').length).toBe(
        expected + 110,
      );
      expect(store.memoryBytes).toBeLessThan(BYTES_MAX + 2 * 64 * 1024);
      store.put('k1new', entryOf('k1new', undefined, 'z'));
    }
  });

  it('keep their file without a name, and close it', () => {
    expect(openFiles()).toEqual([]);
    const store = new Store(SPEC, memory);
    store.logTo(() => {});
    for (let at = 0; at < 5_000; at += 1) store.put(`k${at}`, entryOf(`k${at}`, undefined, 'z'.repeat(100)));
    expect(openFiles()).toHaveLength(1);
    expect(readdirSync(folder)).toEqual([]);
    file.close();
    expect(openFiles()).toEqual([]);
  });

  it('refuse to be read once they are closed, rather than to look empty', () => {
    const store = new Store(SPEC, memory);
    store.put('k', entryOf('k', undefined, 'z'));
    store.close();
    expect(() => [...store.values()]).toThrow('the state S is closed');
    expect(() => [...store.between([{ from: ['k'], to: ['k'] }])]).toThrow('the state S is closed');
  });
});
