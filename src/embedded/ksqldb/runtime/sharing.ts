/** Which tasks of queries are this engine's, where several share them. */
export interface Sharing {
  isMine(query: string, task: number): boolean;
  /** Throws where others may have taken over meanwhile: then nothing more may be committed. */
  confirm(): Promise<void>;
}
