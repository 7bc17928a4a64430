import { type LedgerSession, ledgerPlaces } from './places.js';
import type { LedgerStore } from './store.js';

/**
 * What evpipe remembers beside the resources themselves, so that anybody's evpipe on any machine continues where another one
 * stopped: which statements of a ksql migration have been sent, how far a seed has come, what this pipeline made, and which
 * options of topics it set. Keys are `<kind>/<name>`, values JSON. places.ts says where it is kept.
 */
export interface Ledger extends LedgerView {
  /** Resolves once the server has acknowledged it. */
  put(key: string, value: unknown): Promise<void>;
  forget(key: string): Promise<void>;
  close(): Promise<void>;
}

/** The same for those who only look. */
export interface LedgerView {
  get<T>(key: string): T | undefined;
  keys(prefix: string): readonly string[];
}

/** That this pipeline made the thing, on a server that others may use too. */
export const madeKey = (kind: string, name: string): string => `${kind}/${name}`;

/** Undefined where its server does not run. */
type OpenStore = () => Promise<LedgerStore | undefined>;

/** Reads the whole ledger, making it where it is missing. One process writes at a time (the run's lock sees to it). */
export async function openLedger(session: LedgerSession): Promise<Ledger> {
  const [place, ...former] = ledgerPlaces(session);
  const store = await place.open();
  return ledgerIn(
    store,
    former.map(({ openWhereThere }) => openWhereThere),
  );
}

/** The same for those who know where it is kept, and where it may have been kept before. */
export async function ledgerIn(store: LedgerStore, former: readonly OpenStore[] = []): Promise<Ledger> {
  const there = await store.read();
  const entries = isWhole(there) ? there : await taken(store, there, former);
  return {
    ...viewOf(entries),
    put: async (key, value) => {
      await store.put(key, value);
      entries.set(key, value);
    },
    forget: async (key) => {
      await store.forget(key);
      entries.delete(key);
    },
    close: () => store.close(),
  };
}

/** What the ledger says; nothing is made where it is missing. */
export async function readLedger(session: LedgerSession): Promise<LedgerView> {
  const entries = new Map<string, unknown>();
  for (const { openWhereThere } of ledgerPlaces(session)) {
    const there = await withStore(openWhereThere, (store) => store.read());
    addMissing(entries, there);
    if (isWhole(there)) break;
  }
  entries.delete(UNMOVED);
  return viewOf(entries);
}

/** Noted while something may still be kept in a former place: a run that is killed while it moves that leaves the rest there. */
const UNMOVED = 'ledger/unmoved';

const isWhole = (entries: Map<string, unknown> | undefined): entries is Map<string, unknown> =>
  entries !== undefined && entries.size > 0 && !entries.has(UNMOVED);

/** Makes a new ledger; a pipeline that has just come to declare a better place takes along what it had noted in the former ones. */
async function taken(
  store: LedgerStore,
  there: ReadonlyMap<string, unknown> | undefined,
  former: readonly OpenStore[],
): Promise<Map<string, unknown>> {
  if (there === undefined) await store.create();
  const entries = new Map(there);
  const noteOpen = async (): Promise<void> => {
    if (!entries.has(UNMOVED)) await store.put(UNMOVED, {});
    entries.set(UNMOVED, {});
  };
  let isOpen = false;
  for (const open of former) {
    const seen = await withStore(open, async (from) => {
      const left = (await from.read()) ?? new Map<string, unknown>();
      if (left.size > 0) await noteOpen();
      for (const [key, value] of addMissing(entries, left)) await store.put(key, value);
      if (left.size > 0) await from.drop();
      return true;
    });
    if (seen === undefined) isOpen = true; // its server does not run now
  }
  if (isOpen) await noteOpen();
  else if (entries.has(UNMOVED)) await store.forget(UNMOVED);
  entries.delete(UNMOVED);
  return entries;
}

/** Returns what was added. */
function addMissing(
  entries: Map<string, unknown>,
  more: ReadonlyMap<string, unknown> = new Map(),
): readonly (readonly [string, unknown])[] {
  const added = [...more].filter(([key]) => !entries.has(key));
  for (const [key, value] of added) entries.set(key, value);
  return added;
}

async function withStore<T>(
  open: OpenStore,
  work: (store: LedgerStore) => Promise<T | undefined>,
): Promise<T | undefined> {
  const store = await open();
  if (store === undefined) return undefined;
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

const viewOf = (entries: ReadonlyMap<string, unknown>): LedgerView => ({
  get: <T>(key: string) => entries.get(key) as T | undefined,
  keys: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
});
