import type { RawConfig } from '../../../protocol/connect/option.js';
import { HIDDEN, isSecretOption, withoutLogins } from '../../../support/masked.js';

const PLACEHOLDER = /^\$\{[^}]*\}$/;
/** Shorter ones would blank out half of a message. */
const SECRET_LENGTH_MIN = 4;

/** A configuration as it may be shown: placeholders stay what they are, passwords and the logins of URLs are hidden. */
export function maskSecrets(config: RawConfig): RawConfig {
  const shown = (name: string, value: string): string => {
    if (isSecretOption(name)) return PLACEHOLDER.test(value) || value === '' ? value : HIDDEN;
    return withoutLogins(value);
  };
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, shown(name, value)]));
}

/** A client that sends back what it was shown means the stored value. */
export function unmaskSecrets(given: RawConfig, stored: RawConfig): RawConfig {
  const shown = maskSecrets(stored);
  const meant = (name: string, value: string): string => (value === shown[name] ? (stored[name] ?? value) : value);
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, meant(name, value)]));
}

/** The option that still holds a mask instead of its value. */
export const maskedOption = (config: RawConfig): string | undefined =>
  Object.keys(config).find((name) => config[name]?.includes(HIDDEN));

/** The values of a resolved configuration that no message may contain. */
export const secretsOf = (config: RawConfig): readonly string[] =>
  Object.entries(config).flatMap(([name, value]) => (isSecretOption(name) ? [value] : []));

export function redact(text: string, secrets: readonly string[]): string {
  return withoutLogins(
    secrets
      .filter((secret) => secret.length >= SECRET_LENGTH_MIN)
      .reduce((all, secret) => all.replaceAll(secret, HIDDEN), text),
  );
}
