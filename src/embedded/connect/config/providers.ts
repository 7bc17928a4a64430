import { readFileSync } from 'node:fs';
import { CONFIG_EXCEPTION, ConnectFailure } from '../data/failure.js';
import type { RawConfig } from './option.js';

const PLACEHOLDER = /\$\{(env|file|dir|directory):([^}]*)\}/g;

/** Replaces `${env:NAME}` and `${file:path:key}`, as the worker's config providers do; a missing one is an error. */
export function resolveProviders(config: RawConfig, env: Readonly<Record<string, string | undefined>>): RawConfig {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      value.replace(PLACEHOLDER, (_, provider: string, rest: string) => {
        const found = provider === 'env' ? env[rest] : fromFile(rest);
        if (found !== undefined) return found;
        throw new ConnectFailure(
          provider === 'env'
            ? `Could not resolve \${env:${rest}} in option ${name}: the worker's environment has no ${rest}`
            : `Could not resolve \${${provider}:${rest}} in option ${name}`,
          { className: CONFIG_EXCEPTION },
        );
      }),
    ]),
  );
}

/** `path:key` of a properties file. */
function fromFile(rest: string): string | undefined {
  const at = rest.lastIndexOf(':');
  if (at === -1) return undefined;
  let text: string;
  try {
    text = readFileSync(rest.slice(0, at), 'utf8');
  } catch (cause) {
    throw new ConnectFailure(`Could not read properties from file ${rest.slice(0, at)}`, {
      className: CONFIG_EXCEPTION,
      cause,
    });
  }
  const key = rest.slice(at + 1);
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line);
    if (match?.[1] === key) return match[2];
  }
  return undefined;
}
