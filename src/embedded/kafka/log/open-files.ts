/** Enough for any load that is written at once, far below what systems allow a process. */
const OPEN_FILES_MAX = 1000;

interface Closable {
  readonly held: boolean;
  closeFile(): void;
}

/** The files that are open, oldest first: thousands of partitions must not need as many descriptors. */
const files = new Set<Closable>();

/** Of a file that was just opened; beyond the bound the oldest one is closed, and will be opened again when needed. */
export function noteOpened(file: Closable): void {
  files.add(file);
  if (files.size <= OPEN_FILES_MAX) return;
  for (const oldest of files) {
    if (oldest.held || oldest === file) continue;
    oldest.closeFile();
    return;
  }
}

export const noteClosed = (file: Closable): boolean => files.delete(file);
