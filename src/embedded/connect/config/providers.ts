import { readFileSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import type { RawConfig } from '../../../protocol/connect/option.js';
import { CONFIG_EXCEPTION, ConnectFailure } from '../data/failure.js';

/** What configurations may refer to; as with a real worker, nothing unless its owner allows it. */
export interface ConfigProviders {
  /** What `${env:NAME}` means; no other variable is visible. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folders that `${file:PATH:KEY}` and `${directory:FOLDER:FILE}` may read below (allowed.paths). */
  readonly allowedPaths: readonly string[];
  /** Never read, even below an allowed one: it holds the passwords of this worker's own servers. */
  readonly stateFolder?: string | undefined;
}

export interface Resolved {
  readonly config: RawConfig;
  /** What the placeholders stood for; never to be shown. */
  readonly secrets: readonly string[];
}

const PLACEHOLDER = /\$\{(env|file|dir|directory):([^}]*)\}/g;

/** Replaces the placeholders of a configuration. Throws ConnectFailure where one has no value, or is not allowed. */
export function resolveProviders(config: RawConfig, providers: ConfigProviders): Resolved {
  const secrets: string[] = [];
  const resolved = Object.entries(config).map(([name, value]) => {
    const replaced = value.replace(PLACEHOLDER, (placeholder, provider: string, rest: string) => {
      const found = resolvedValue(provider, rest, providers);
      if (typeof found === 'string') {
        secrets.push(found);
        return found;
      }
      throw new ConnectFailure(`Could not resolve ${placeholder} in option ${name}: ${found.problem}`, {
        className: CONFIG_EXCEPTION,
      });
    });
    return [name, replaced];
  });
  return { config: Object.fromEntries(resolved), secrets };
}

type Found = string | { readonly problem: string };

function resolvedValue(provider: string, rest: string, providers: ConfigProviders): Found {
  if (provider === 'env')
    return providers.env[rest] ?? { problem: `the worker's environment has no ${rest} (connect.env declares it)` };
  const at = rest.lastIndexOf(':');
  if (at === -1) return { problem: 'a path and a key are expected' };
  const [path, key] = [rest.slice(0, at), rest.slice(at + 1)];
  if (provider === 'file') {
    const text = readAllowed(path, providers);
    return typeof text === 'string' ? (propertyOf(text, key) ?? { problem: `the file has no key ${key}` }) : text;
  }
  return /[/\\]/.test(key) ? { problem: 'the key is not a file name' } : readAllowed(join(path, key), providers);
}

/** By the real path, so that neither `..` nor a symbolic link leads out of an allowed folder. */
function readAllowed(path: string, { allowedPaths, stateFolder }: ConfigProviders): Found {
  const allowed = allowedPaths.map(realPath).filter((folder) => folder !== undefined);
  const real = realPath(path);
  const own = stateFolder === undefined ? undefined : realPath(stateFolder);
  // Files outside are not told apart from missing ones.
  if (
    real === undefined ||
    !allowed.some((folder) => isBelow(real, folder)) ||
    (own !== undefined && isBelow(real, own))
  )
    return { problem: 'no such file below the folders that connect.allowedPaths lists' };
  try {
    return readFileSync(real, 'utf8');
  } catch {
    return { problem: 'the file cannot be read' };
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(resolve('/', path));
  } catch {
    return undefined;
  }
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}

/** Of a properties file. */
function propertyOf(text: string, key: string): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line);
    if (match?.[1] === key) return match[2];
  }
  return undefined;
}
