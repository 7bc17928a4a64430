/** As Kafka prints a value of type PASSWORD. */
export const HIDDEN = '[hidden]';

const SECRET_OPTION = new RegExp(
  '(^|[._-])(' +
    '(?:ssl)?password|passwd|pwd|passphrase|secret|token|credentials|' +
    'secret[._-]key|secret[._-]access[._-]key|access[._-]key|api[._-]key|private[._-]key|keystore[._-]key|' +
    'user[._-]info|jaas[._-]config' +
    ')$',
  'i',
);

/** Whether an option of a Kafka client, of Connect or of a converter holds a secret. */
export const isSecretOption = (name: string): boolean => SECRET_OPTION.test(name);

const SECRET_PARAMETER =
  /([?&;](?:[\w.-]*(?:password|passwd|pwd|secret|token)|api[_-]?key|sig|signature)=)[^&;#\s"'<>]+/gi;

/** Headers of HTTP that log in, as clients and servers print them: a line each, or within JSON. */
const AUTHORIZATION = /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:basic|bearer|digest|negotiate) +)[^\s"',]+/gi;
const OTHER_HEADER = /\b((?:x-api-key|x-auth-token|(?:set-)?cookie)["']?\s*[:=]\s*["']?)[^"'\r\n]+/gi;

/** A variable and its value, as `env` prints them. */
const SECRET_VARIABLE =
  /\b([A-Z0-9_]*(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS|(?:API|ACCESS|PRIVATE)_?KEY)=)[^\s"']+/g;

/** A value that may be an ordinary word, such as `postgres`, would be hidden wherever that word stands. */
const ORDINARY_WORD = /^.{0,7}$|^[a-z]{0,15}$/s;
const LOGIN_PASSWORD = /:\/\/[^/@\s:]*:([^/@\s]+)@/g;
/** Of what is filled in elsewhere: it is the name of a secret, not the secret. */
const PLACEHOLDER = /\$[({]/;

/** The secrets in settings of any form: what stands under a name that says so, and passwords in URLs. */
export function secretsIn(settings: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const seen = new Set<object>();
  const walk = (value: unknown, name: string): void => {
    if (typeof value === 'string') {
      if (isSecretOption(name)) found.add(value);
      for (const [, password = ''] of value.matchAll(LOGIN_PASSWORD)) found.add(password);
    }
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    for (const [key, one] of value instanceof Map ? value : Object.entries(value)) walk(one, String(key));
  };
  walk(settings, '');
  return found;
}

/** Hides these values in a text, as they are and as a URL has them, and logins of others. */
export function hiding(secrets: Iterable<string>): (text: string) => string {
  const values = [...secrets].filter((one) => !ORDINARY_WORD.test(one) && !PLACEHOLDER.test(one));
  const forms = new Set(values.flatMap((one) => [one, encodeURIComponent(one), decoded(one)]));
  if (forms.size === 0) return withoutLogins;
  const longestFirst = [...forms].sort((a, b) => b.length - a.length).map(literally);
  const pattern = new RegExp(`(?<![A-Za-z0-9])(?:${longestFirst.join('|')})(?![A-Za-z0-9])`, 'g');
  return (text) => withoutLogins(text.replace(pattern, HIDDEN));
}

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * A text without the logins in it: user and password before the host of a URL, passwords and tokens among its parameters, headers that log in
 * over HTTP, and variables whose name says that they are secret.
 */
export const withoutLogins = (text: string): string =>
  text
    .replace(/:\/\/[^/@\s]+@/g, `://${HIDDEN}@`)
    .replace(SECRET_PARAMETER, `$1${HIDDEN}`)
    .replace(AUTHORIZATION, `$1${HIDDEN}`)
    .replace(OTHER_HEADER, `$1${HIDDEN}`)
    .replace(SECRET_VARIABLE, `$1${HIDDEN}`);
