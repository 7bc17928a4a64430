/** What every stored document has: its id, and its version. Everything else is its own. */
export interface Stored {
  readonly id: string;
  /** Grows with every change at the document's source. */
  readonly version: number;
}

export interface DocumentList<D> {
  readonly items: readonly D[];
  readonly total: number;
}

/** Documents of one kind, one an id: a unique index sees to that. */
export interface Collection<D extends Stored> {
  find(id: string): Promise<D | undefined>;
  /** Those with these values in these fields, in order of their ids. `page` from 1. */
  list(where: Partial<D>, page: number, pageSize: number): Promise<DocumentList<D>>;
  /**
   * Inserts it, or replaces what has its id and a smaller version; false where what is there is as new or newer. So a
   * change may come twice, late or from several writers at once, and the newest stays.
   */
  put(document: D): Promise<boolean>;
}

/** A document store, whatever it is kept in. */
export interface DocumentStore {
  /** Made with its index where it is not there yet. */
  collection<D extends Stored>(name: string): Promise<Collection<D>>;
  /** Throws where it does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
