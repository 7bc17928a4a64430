import { createHash } from 'node:crypto';
import { type Document, type Filter, MongoClient, UUID } from 'mongodb';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { Liveness, questionOf } from '../../support/liveness.js';
import { pause } from '../../support/retry.js';
import type { DocumentQuery, DocumentsClient, FieldValue, FoundDocument, Lookup } from './contract.js';
import { fieldValueOf, valueAt } from './field-value.js';
import { decimalText, RawJson } from './json-text.js';

const CONNECT_TIMEOUT_MS = 4_000;
const CLOSE_TIMEOUT_MS = 1_000;
const BLOCK = 1_000;
const UUID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The database is the one that the address names; `test` where it names none, as for every MongoDB client. */
export async function openMongoDocuments(url: string, liveness = new Liveness()): Promise<DocumentsClient> {
  const client = new MongoClient(url, {
    appName: 'evpipe',
    serverSelectionTimeoutMS: CONNECT_TIMEOUT_MS,
    promoteLongs: false, // exact beyond 2^53
  });
  const at = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await liveness.whileItLives(questionOf(url), work(), () => silentError(url));
    } catch (failure) {
      throw mongoError(failure, url);
    }
  };
  const close = () => soon(client.close(true));
  try {
    await at(() => client.connect());
    await at(() => client.db().command({ ping: 1 }));
  } catch (failure) {
    await close();
    throw failure;
  }
  return {
    // MongoDB keeps no version of a document that a reader could see.
    versioned: false,
    scans: false,
    version: () => at(async () => `MongoDB ${String((await client.db().command({ buildInfo: 1 })).version)}`),

    estimate: (collection) => at(() => client.db().collection(collection).estimatedDocumentCount()),

    async *stream(query, signal) {
      const cursor = client.db().collection(query.collection).find(filterOf(query), fieldsOf(query));
      try {
        let block: FoundDocument[] = [];
        for (;;) {
          signal.throwIfAborted();
          const document = await at(() => cursor.next());
          if (document === null) break;
          block.push(toDocument(document, query.paths));
          if (block.length < BLOCK) continue;
          yield block;
          block = [];
        }
        if (block.length > 0) yield block;
      } finally {
        await soon(cursor.close());
      }
    },

    find: (query, lookups) =>
      at(async () => {
        const wanted: Filter<Document> = { $and: [filterOf(query), ...lookups.map(condition)] };
        const found = await client.db().collection(query.collection).find(wanted, fieldsOf(query)).toArray();
        return found.map((document) => toDocument(document, query.paths));
      }),

    close,
  };
}

/** A server that is asked to end something and does not is not waited for. */
async function soon(ending: Promise<void>): Promise<void> {
  const ended = new AbortController();
  await Promise.race([ending, pause(CLOSE_TIMEOUT_MS, ended.signal).catch(() => {})]);
  ended.abort();
}

/** In MongoDB a comparison with null also matches a missing field; its type does not. */
const filterOf = ({ where }: DocumentQuery): Filter<Document> =>
  Object.fromEntries(Object.entries(where).map(([path, value]) => [path, value === null ? { $type: 'null' } : value]));

const fieldsOf = ({ paths }: DocumentQuery) => ({
  projection: Object.fromEntries(['_id', ...paths].map((path) => [path, 1])),
  batchSize: BLOCK,
});

/** Numbers of all types are equal to a query where their values are. */
function condition({ path, kind, texts }: Lookup): Filter<Document> {
  const variants = texts.flatMap((text): unknown[] => {
    if (kind === 'number') return [text, Number(text)];
    if (kind === 'boolean') return [text, text === 'true'];
    if (kind === 'text') return [text];
    return [text, text.toUpperCase(), ...(UUID_PATTERN.test(text) ? [new UUID(text)] : [])];
  });
  return { [path]: { $in: variants } };
}

function toDocument(document: Document, paths: readonly string[]): FoundDocument {
  const values = paths.map((path) => fieldOf(valueAt(document, path.split('.'))));
  const identity = `${String(document._id)} ${JSON.stringify(values)}`;
  return { values, version: createHash('md5').update(identity).digest('hex') };
}

function fieldOf(value: unknown): FieldValue {
  return value instanceof Date ? { kind: 'instant', text: value.toISOString() } : fieldValueOf(plainOf(value));
}

/** BSON's own types as what JSON has for them: long and decimal numbers exactly, ids and times as text. */
function plainOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plainOf);
  const type = '_bsontype' in value ? value._bsontype : undefined;
  if (type === 'Long' || type === 'Decimal128') return new RawJson(decimalText(String(value)));
  if (type === 'Int32' || type === 'Double') return Number(value);
  if (type !== undefined) return String(value);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plainOf(one)]));
}

/** Without what is secret in the address. */
const placeOf = (url: string): string => url.replace(/^[^/]*\/\/(?:[^/@]*@)?/, '').replace(/\?.*$/, '');

const silentError = (url: string): EvpipeError =>
  new EvpipeError('EVPIPE_MONGODB_SILENT', `MongoDB at ${placeOf(url)} has stopped answering`, { kind: 'unreachable' });

function mongoError(failure: unknown, url: string): EvpipeError {
  if (failure instanceof EvpipeError) return failure;
  const place = placeOf(url);
  const unreachable = failure instanceof Error && /^Mongo(ServerSelection|Network)/.test(failure.name);
  return new EvpipeError(
    unreachable ? 'EVPIPE_MONGODB_UNREACHABLE' : 'EVPIPE_MONGODB',
    `MongoDB at ${place}: ${messageOf(failure)}`,
    {
      kind: unreachable ? 'unreachable' : 'failed',
      cause: failure,
      ...(unreachable ? { todo: 'Check that it runs and that the address is right.' } : {}),
    },
  );
}
