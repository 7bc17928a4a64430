/** One place that can keep a pipeline's ledger. */
export interface LedgerStore {
  /** Undefined where none was made there. */
  read(): Promise<Map<string, unknown> | undefined>;
  create(): Promise<void>;
  put(key: string, value: unknown): Promise<void>;
  forget(key: string): Promise<void>;
  /** The whole ledger of this pipeline, once it is kept elsewhere. */
  drop(): Promise<void>;
  close(): Promise<void>;
}
