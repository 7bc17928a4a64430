import { readJson, writeJson } from '../../../support/json-file.js';

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

/** Client quotas as they were set; kept on disk. */
export class Quotas {
  private quotas: ReadonlyMap<string, Quota>;

  constructor(private readonly file: string) {
    const known = readJson<QuotaFile>(file, 1)?.quotas ?? [];
    this.quotas = new Map(known.map((quota) => [keyOf(quota.entity), quota]));
  }

  all(): Quota[] {
    return [...this.quotas.values()];
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

const keyOf = (entity: readonly QuotaPart[]): string =>
  JSON.stringify(entity.map(({ entityType, entityName }) => [entityType, entityName]).sort());
