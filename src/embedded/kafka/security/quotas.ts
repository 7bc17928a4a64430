import type { Clock } from '../../../support/clock.js';
import { readJson, writeJson } from '../../../support/json-file.js';
import type { BrokerSettings } from '../topics/settings.js';
import { ByteRate } from './byte-rate.js';

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

export type ByteQuota = 'producer_byte_rate' | 'consumer_byte_rate';

/** Rates that are forgotten together, once there are so many: clients with ever new names must not fill the memory. */
const RATES_MAX = 10_000;

/** Client quotas as they were set, kept on disk, and what clients have used of them. */
export class Quotas {
  private quotas: ReadonlyMap<string, Quota>;
  private readonly rates = new Map<string, ByteRate>();

  constructor(
    private readonly file: string,
    private readonly settings: BrokerSettings,
    private readonly clock: Clock,
  ) {
    const known = readJson<QuotaFile>(file, 1)?.quotas ?? [];
    this.quotas = new Map(known.map((quota) => [keyOf(quota.entity), quota]));
  }

  all(): Quota[] {
    return [...this.quotas.values()];
  }

  /** Counts bytes of a client; milliseconds that it is to be throttled, 0 where it keeps to its quota or has none. */
  throttleMs(quota: ByteQuota, user: string, clientId: string, bytes: number): number {
    if (this.quotas.size === 0) return 0;
    for (const entity of entitiesOf(user, clientId)) {
      const limit = this.quotas.get(keyOf(entity))?.values[quota];
      if (limit !== undefined) return this.rateOf(quota, entity, user, clientId).record(bytes, limit, this.clock.now());
    }
    return 0;
  }

  /** Clients share a rate where their quota is their user's, or their client id's. */
  private rateOf(quota: ByteQuota, entity: readonly QuotaPart[], user: string, clientId: string): ByteRate {
    const shared = entity.map(({ entityType }) => (entityType === 'user' ? user : clientId));
    const key = JSON.stringify([quota, ...entity.map(({ entityType }) => entityType), ...shared]);
    const known = this.rates.get(key);
    if (known !== undefined) return known;
    if (this.rates.size >= RATES_MAX) this.rates.clear();
    const windowMs = this.settings.number('quota.window.size.seconds') * 1000;
    const made = new ByteRate(this.settings.number('quota.window.num'), windowMs);
    this.rates.set(key, made);
    return made;
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
    this.quotas = next;
  }
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
