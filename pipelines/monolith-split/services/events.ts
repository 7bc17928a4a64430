/** What goes over the topics, as both sides write and read it. */
import { randomUUID } from 'node:crypto';

interface Event<Data> {
  readonly version: '1';
  readonly eventId: string;
  readonly name: string;
  readonly api: string;
  readonly dateOccurred: string;
  /** Counts the changes of what it is about: an event applies where the replica's is less. Two quick updates differ in it, whatever the clocks say. */
  readonly revision: number;
  readonly data: Data;
}

export interface ProductEvent
  extends Event<{
    readonly productName: string;
    readonly productUUID: string;
    readonly discontinued: boolean;
    readonly productCategory: string;
  }> {
  readonly productId: string;
}

export interface CatalogEvent
  extends Event<{
    readonly productName: string;
    readonly productUUID: string;
    readonly market: string;
    readonly marketISOCode: string;
    readonly StartOffering: string;
    readonly OfferingEnds: string;
  }> {
  readonly catalogId: string;
}

/** What all events have in common. */
export function occurred(name: string, api: string, revision: number): Omit<Event<never>, 'data'> {
  return { version: '1', eventId: randomUUID(), name, api, dateOccurred: new Date().toISOString(), revision };
}

/** Products have one key, entries two: this is the record's. */
export const entryKey = (productUuid: string, market: string): string => `${productUuid}/${market}`;
