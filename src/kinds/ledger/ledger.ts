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
  const entries = (await store.read()) ?? (await taken(store, former));
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
  for (const { openWhereThere } of ledgerPlaces(session)) {
    const entries = await withStore(openWhereThere, (store) => store.read());
    if (entries !== undefined) return viewOf(entries);
  }
  return viewOf(new Map());
}

/** Makes a new ledger; a pipeline that has just come to declare a better place takes along what it had noted in the former one. */
async function taken(store: LedgerStore, former: readonly OpenStore[]): Promise<Map<string, unknown>> {
  await store.create();
  for (const open of former) {
    const entries = await withStore(open, async (from) => {
      const all = await from.read();
      for (const [key, value] of all ?? []) await store.put(key, value);
      if (all !== undefined) await from.drop();
      return all;
    });
    if (entries !== undefined) return entries;
  }
  return new Map();
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
