import { type Filter, MongoClient, type Collection as MongoCollection } from 'mongodb';
import type { Collection, DocumentStore, Stored } from './document-store.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** MongoDB's code for a second document with a value that an index holds to be unique. */
const DUPLICATE_KEY = 11_000;
/** MongoDB's own id is left to it, and out of what is read. */
const FIELDS = { projection: { _id: 0 } };

/** The database is the one that the address names. Documents have a field `id` with a unique index. */
export async function openMongoStore(url: string, name: string): Promise<DocumentStore> {
  const client = new MongoClient(url, {
    appName: name,
    serverSelectionTimeoutMS: CONNECT_TIMEOUT_MS,
    ignoreUndefined: true,
  });
  await client.connect();
  const database = client.db();
  return {
    async collection<D extends Stored>(collection: string) {
      const held = database.collection<Stored>(collection);
      await held.createIndex({ id: 1 }, { unique: true });
      return collectionIn<D>(held);
    },
    async ping() {
      await database.command({ ping: 1 });
    },
    close: () => client.close(),
  };
}

function collectionIn<D extends Stored>(held: MongoCollection<Stored>): Collection<D> {
  return {
    async find(id) {
      return ((await held.findOne({ id }, FIELDS)) as D | null) ?? undefined;
    },

    async list(where, page, pageSize) {
      const filter = where as Filter<Stored>;
      const found = held.find(filter, FIELDS).sort({ id: 1 });
      const [items, total] = await Promise.all([
        found
          .skip((page - 1) * pageSize)
          .limit(pageSize)
          .toArray(),
        held.countDocuments(filter),
      ]);
      return { items: items as unknown as D[], total };
    },

    /** Finds an older one or inserts: where a newer one is there, or another writer is quicker, the unique index refuses. */
    async put(document) {
      const older = { id: document.id, version: { $lt: document.version } };
      for (;;) {
        try {
          await held.replaceOne(older, { ...document }, { upsert: true });
          return true;
        } catch (failure) {
          if ((failure as { code?: unknown }).code !== DUPLICATE_KEY) throw failure;
        }
        const there = await held.findOne({ id: document.id }, FIELDS);
        if (there !== null && there.version >= document.version) return false;
      }
    },
  };
}
