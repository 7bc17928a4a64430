import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from '../../support/json-file.js';
import type { LedgerStore } from './store.js';

interface LedgerFile {
  readonly version: 1;
  readonly entries: Readonly<Record<string, unknown>>;
}

/** A file of the state folder: known on this machine only. */
export function fileStore(stateFolder: string): LedgerStore {
  const file = join(stateFolder, 'ledger.json');
  const read = () => readJson<LedgerFile>(file, 1)?.entries;
  const write = async (entries: LedgerFile['entries']): Promise<void> => {
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    writeJson(file, { version: 1, entries } satisfies LedgerFile);
  };
  return {
    read: async () => {
      const entries = read();
      return entries === undefined ? undefined : new Map(Object.entries(entries));
    },
    create: () => write(read() ?? {}),
    put: (key, value) => write({ ...read(), [key]: value }),
    forget: (key) => write(Object.fromEntries(Object.entries(read() ?? {}).filter(([other]) => other !== key))),
    drop: async () => rmSync(file, { force: true }),
    close: async () => {},
  };
}
