import type { Clock } from '../../../support/clock.js';
import { readJson, writeJson } from '../../../support/json-file.js';
import type { BrokerSettings } from '../topics/settings.js';
import { ByteRate } from './byte-rate.js';
import { TokenBucket } from './token-bucket.js';

export interface QuotaPart {
  readonly entityType: string;
  /** Null is the default of all of this type. */
  readonly entityName: string | null;
}

export interface Quota {
  readonly entity: readonly QuotaPart[];
  readonly values: Readonly<Record<string, number>>;
}

export interface QuotaChange {
  readonly entity: readonly QuotaPart[];
  readonly operations: ReadonlyArray<{ readonly key: string; readonly value: number; readonly remove: boolean }>;
}

interface QuotaFile {
  readonly version: 1;
  readonly quotas: readonly Quota[];
}

/** Those that are rates of something over the last windows: bytes, or percents of one CPU. */
export type RateQuota = 'producer_byte_rate' | 'consumer_byte_rate' | 'request_percentage';

interface Limit {
  readonly perSecond: number;
  /** Clients with the same key share it. */
  readonly key: string;
}

/** Rates that are forgotten together, once there are so many: clients with ever new names must not fill the memory. */
const RATES_MAX = 10_000;

/** Client quotas as they were set, kept on disk, and what clients have used of them. */
export class Quotas {
  private quotas: ReadonlyMap<string, Quota>;
  private readonly rates = new Map<string, ByteRate>();
  private readonly buckets = new Map<string, TokenBucket>();
  /** Whether any client’s requests are measured. */
  limitsRequests = false;

  constructor(
    private readonly file: string,
    private readonly settings: BrokerSettings,
    private readonly clock: Clock,
  ) {
    const known = readJson<QuotaFile>(file, 1)?.quotas ?? [];
    this.quotas = new Map();
    this.set(new Map(known.map((quota) => [keyOf(quota.entity), quota])));
  }

  all(): Quota[] {
    return [...this.quotas.values()];
  }

  /** Counts what a client used; milliseconds that it is to be throttled, 0 where it keeps to its quota or has none. */
  throttleMs(quota: RateQuota, user: string, clientId: string, amount: number): number {
    const limit = this.limitOf(quota, user, clientId);
    if (limit === undefined) return 0;
    return this.rateOf(limit.key).record(amount, limit.perSecond, this.clock.now());
  }

  /** The bucket that a client's changes of topics are taken from; undefined where it has no quota. */
  mutations(user: string, clientId: string): MutationQuota | undefined {
    const limit = this.limitOf('controller_mutation_rate', user, clientId);
    if (limit === undefined) return undefined;
    const { settings, clock } = this;
    const seconds =
      settings.number('controller.quota.window.num') * settings.number('controller.quota.window.size.seconds');
    const bucket = bounded(this.buckets, limit.key, () => new TokenBucket(seconds));
    return {
      waitMs: () => bucket.waitMs(limit.perSecond, clock.now()),
      take: (count) => bucket.take(count, limit.perSecond, clock.now()),
    };
  }

  /** Counts a new connection of an address; false where it has had too many, which is not counted. */
  admitsConnection(ip: string): boolean {
    for (const entityName of [ip, null]) {
      const limit = this.quotas.get(keyOf([{ entityType: 'ip', entityName }]))?.values.connection_creation_rate;
      if (limit !== undefined) return this.admits(`ip ${ip}`, limit);
    }
    return true;
  }

  /** The same for all connections of this broker together. */
  admits(key: string, perSecond: number): boolean {
    const rate = this.rateOf(key);
    const isWithin = rate.record(1, perSecond, this.clock.now()) === 0;
    if (!isWithin) rate.record(-1, perSecond, this.clock.now());
    return isWithin;
  }

  private limitOf(quota: string, user: string, clientId: string): Limit | undefined {
    if (this.quotas.size === 0) return undefined;
    for (const entity of entitiesOf(user, clientId)) {
      const perSecond = this.quotas.get(keyOf(entity))?.values[quota];
      if (perSecond === undefined) continue;
      // Clients share a rate where their quota is their user's, or their client id's.
      const shared = entity.map(({ entityType }) => (entityType === 'user' ? user : clientId));
      return { perSecond, key: JSON.stringify([quota, ...entity.map(({ entityType }) => entityType), ...shared]) };
    }
    return undefined;
  }

  private rateOf(key: string): ByteRate {
    const { settings } = this;
    const windowMs = settings.number('quota.window.size.seconds') * 1000;
    return bounded(this.rates, key, () => new ByteRate(settings.number('quota.window.num'), windowMs));
  }

  /** Makes all changes with one write, or none where the file system refuses it. */
  change(changes: readonly QuotaChange[]): void {
    const next = new Map(this.quotas);
    for (const { entity, operations } of changes) {
      const values = { ...next.get(keyOf(entity))?.values };
      for (const { key, value, remove } of operations) {
        if (remove) delete values[key];
        else values[key] = value;
      }
      if (Object.keys(values).length === 0) next.delete(keyOf(entity));
      else next.set(keyOf(entity), { entity, values });
    }
    writeJson(this.file, { version: 1, quotas: [...next.values()] } satisfies QuotaFile);
    this.set(next);
  }

  private set(quotas: ReadonlyMap<string, Quota>): void {
    this.quotas = quotas;
    this.limitsRequests = [...quotas.values()].some(({ values }) => values.request_percentage !== undefined);
  }
}

export interface MutationQuota {
  /** Milliseconds until something may be changed; 0 where it may be now. */
  waitMs(): number;
  take(partitions: number): void;
}

function bounded<Value>(all: Map<string, Value>, key: string, make: () => Value): Value {
  const known = all.get(key);
  if (known !== undefined) return known;
  if (all.size >= RATES_MAX) all.clear();
  const made = make();
  all.set(key, made);
  return made;
}

/** Those whose quota a client may have, the one that counts first. */
function entitiesOf(user: string, clientId: string): QuotaPart[][] {
  const of = (entityType: string) => (entityName: string | null) => ({ entityType, entityName });
  const [users, clients] = [[user, null].map(of('user')), [clientId, null].map(of('client-id'))];
  return [
    ...users.flatMap((one) => [...clients.map((client) => [one, client]), [one]]),
    ...clients.map((client) => [client]),
  ];
}

const keyOf = (entity: readonly QuotaPart[]): string =>
  JSON.stringify(entity.map(({ entityType, entityName }) => [entityType, entityName]).sort());
