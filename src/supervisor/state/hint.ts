import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readJson, writeJson } from '../../support/json-file.js';
import { readPortsFile } from './state.js';

/** One file per running pipeline of this user; believed only if its socket answers. */
export interface RunningHint {
  readonly version: 1;
  readonly pipeline: string;
  readonly file: string;
  readonly stateFolder: string;
  readonly socket: string;
}

export function hintFolder(env: Readonly<Record<string, string | undefined>>): string {
  const state = env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state');
  return join(state, 'evpipe', 'running');
}

function hintFile(folder: string, stateFolder: string): string {
  return join(folder, `${createHash('sha256').update(stateFolder).digest('hex').slice(0, 16)}.json`);
}

export function writeHint(folder: string, hint: RunningHint): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeJson(hintFile(folder, hint.stateFolder), hint);
}

export function removeHint(folder: string, stateFolder: string): void {
  rmSync(hintFile(folder, stateFolder), { force: true });
}

/** What may be running; the caller asks each socket. */
export function readHints(folder: string): readonly RunningHint[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => readJson<RunningHint>(join(folder, name), 1))
    .filter((hint) => hint !== undefined);
}

/**
 * Ports of this user's other pipelines, those of killed ones too: they come back under the same addresses, so nobody
 * else may take one over while its process is being restarted. `down` gives them up.
 */
export function portsOfOthers(folder: string, stateFolder: string): ReadonlySet<number> {
  const others = readHints(folder).filter((hint) => hint.stateFolder !== stateFolder);
  return new Set(others.flatMap((hint) => Object.values(readPortsFile(hint.stateFolder)?.ports ?? {})));
}
